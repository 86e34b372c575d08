"""What tests of notebooks read: code cells, the functions in them, and which calls they make.

Left out: running anything.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "notebooks"
SOLVED = sorted((FOLDER / "solutions").glob("*.ipynb"))
_NAMES = "00 01 02 03 04a 04b 05 06 07 08 09 10a 10b 11 12 13 14 15"
NOTEBOOKS = tuple(_NAMES.split())


def notebook_of(path: Path) -> str:
    """ "10a" of `10a_normalize.ipynb`."""
    return path.stem.partition("_")[0]


def cells(path: Path) -> list[tuple[str, str]]:
    """(type, source) of each cell."""
    found = json.loads(path.read_text("utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in found]


def sources(path: Path) -> list[str]:
    """The code cells."""
    return [source for kind, source in cells(path) if kind == "code"]


def functions(cells: list[str], name: str) -> list[ast.Module]:
    """Every definition of `name` in these cells, as `tree_of` gives one."""
    nodes = [node for cell in cells for node in ast.walk(ast.parse(cell))]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.Module([node], []) for node in nodes if isinstance(node, kinds) and node.name == name]


class Bare(ast.NodeTransformer):
    """Takes docstrings and annotations away."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        return ast.Assign([node.target], node.value) if node.value is not None else ast.Pass()

    def visit_FunctionDef(self, node: Any) -> Any:
        node.returns = None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef


def shape(tree: ast.Module) -> str:
    """Equal for functions that differ at most in layout, comments, docstrings and annotations."""
    return ast.dump(Bare().visit(ast.parse(ast.unparse(ast.fix_missing_locations(tree)))))


def nodes_of(path: Path) -> Iterator[ast.AST]:
    """Every node of every code cell, a cell after the other."""
    yield from (node for cell in sources(path) for node in ast.walk(ast.parse(cell)))


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    """Calls of a function or method of that name, in order."""
    yield from (node for node in nodes_of(path) if isinstance(node, ast.Call) and called(node) == name)


def called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def ids(path: Path, name: str) -> list[str]:
    """The first arguments of these calls."""
    first = [call.args[0] for call in calls(path, name) if call.args]
    return [node.value for node in first if isinstance(node, ast.Constant) and isinstance(node.value, str)]
