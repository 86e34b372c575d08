"""The C++ blocks of a notebook, the Python kernels they stand beside, and the API calls that both make.

A block begins with a comment whose first word is its kernel's name: `// reader, as in the cell below` (or `above`). A block
that begins with `// fragment` or `// old names` stands beside no kernel. Left out: what loops and arguments say.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

from notebook_code import cells

from ttlearn import kernel_lib
from ttlearn.cpp.api import CONSTANTS, KINDS, calls
from ttlearn.cpp.headers import newer_name

UNBOUND = ("fragment", "old")  # first words of blocks that stand beside no kernel

ARGUMENTS = {  # in C++ they may become types or constants at the top
    *("get_arg_val", "get_common_arg_val", "get_compile_time_arg_val", "get_named_compile_time_arg_val"),
    *("TensorAccessor", "TensorAccessorArgs"),
}
CASTS = {*CONSTANTS, "MATH", "PACK", "UNPACK", "my_x", "my_y", "noc_index", "tt_l1_ptr"}  # other syntax in C++


@dataclass(frozen=True)
class Block:
    """A C++ block and where it stands. `kernel` is the first word of its first comment, `place` what follows."""

    path: Path
    cell: int
    text: str
    kernel: str
    place: str

    def __str__(self) -> str:
        return f"{self.path.stem}, cell {self.cell}, block of {self.kernel!r}"


# ---- what is called -------------------------------------------------------------------------------------------


@cache
def api_names() -> frozenset[str]:
    """Functions of the API and of the helper library, and the two accessor classes."""
    names = {name for kind in KINDS for name in calls(kind)}
    helpers = {name for name in vars(kernel_lib) if inspect.isfunction(getattr(kernel_lib, name))}
    return frozenset((names | helpers | ARGUMENTS | {"DPRINT"}) - CASTS)


def cpp_calls(text: str) -> list[str]:
    """API calls of a C++ text in the order in which they are made: where their parentheses close."""
    text = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"', lambda m: " " * len(m[0]), text, flags=re.S)
    names = "|".join(sorted(map(re.escape, api_names()), key=len, reverse=True))
    template = r"(?:<(?:[^<>;{}]|<[^<>;{}]*>)*>)?"
    found = [(_closing(text, m.end() - 1), m[1]) for m in re.finditer(rf"\b({names})\s*{template}\s*\(", text)]
    return [name for _, name in sorted(found)]


def _closing(text: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise AssertionError(f"a parenthesis is never closed: {text[opening : opening + 60]!r}")


def python_calls(tree: ast.AST) -> list[str]:
    """API calls of a Python kernel, arguments first; older names as 0.81.1 names them."""
    made = [name for child in ast.iter_child_nodes(tree) for name in python_calls(child)]
    if isinstance(tree, ast.Call):
        name = getattr(tree.func, "id", getattr(tree.func, "attr", ""))
        name = newer_name("DPRINT" if name == "print" else name)
        made += [name] if name in api_names() else []
    return made


def different(cpp: list[str], python: list[str]) -> str | None:
    """None, or a sentence about the first call that differs."""
    for older in cpp:
        if newer_name(older) != older:
            return f"the C++ calls {older}, which 0.81.1 names {newer_name(older)}"
    for name in sorted(ARGUMENTS):
        if (name in cpp) != (name in python):
            here, there = ("C++", "Python") if name in cpp else ("Python", "C++")
            return f"{name} is called in {here} and not in {there}"
    orders = [[name for name in side if name not in ARGUMENTS] for side in (cpp, python)]
    for number, (ours, theirs) in enumerate(zip_longest(*orders, fillvalue="nothing more"), 1):
        if ours != theirs:
            return (
                f"call {number} is {ours} in C++ and {theirs} in Python;\n  C++:    {orders[0]}\n  Python: {orders[1]}"
            )
    return None


# ---- where blocks and kernels are ---------------------------------------------------------------------------------


def blocks(path: Path) -> Iterator[Block]:
    for number, (kind, source) in enumerate(cells(path)):
        for text in re.findall(r"^```cpp\n(.*?)^```", source, re.S | re.M) if kind == "markdown" else []:
            first = re.match(r"\s*//\s*(\w+)(.*)", text)
            assert first is not None, (
                f"{path.stem}, cell {number}: begin this C++ block with the name of its Python kernel, as in "
                f"`// reader, as in the cell below`; or with `// fragment` if there is none:\n{text}"
            )
            yield Block(path, number, text, first[1], first[2])


def kernel_of(block: Block) -> ast.AST:
    """The Python kernel: the nearest definition below the block (above, if the comment says so), or what is imported."""
    found = [(number, node) for number, node in _functions(block.path) if node.name == block.kernel]
    above = [node for number, node in found if number < block.cell][::-1]
    below = [node for number, node in found if number > block.cell]
    near: list[ast.AST] = [*above, *below] if "above" in block.place else [*below, *above]
    near += [] if near else _imported(block)
    assert near, (
        f"{block}: no function {block.kernel!r} is defined or imported in this notebook; begin the block with the name "
        "of its Python kernel, or with `// fragment`"
    )
    return near[0]


def _functions(path: Path) -> Iterator[tuple[int, ast.AsyncFunctionDef | ast.FunctionDef]]:
    for number, tree in _trees(path):
        yield from ((number, n) for n in ast.walk(tree) if isinstance(n, (ast.AsyncFunctionDef, ast.FunctionDef)))


def _trees(path: Path) -> Iterator[tuple[int, ast.Module]]:
    yield from ((number, ast.parse(source)) for number, (kind, source) in enumerate(cells(path)) if kind == "code")


def _imported(block: Block) -> list[ast.AST]:
    """Of `from MODULE import NAME [as KERNEL]` in the notebook's code."""
    nodes = [node for _, tree in _trees(block.path) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [(n.module, a.name) for n in nodes for a in n.names if block.kernel == (a.asname or a.name)]
    return [
        ast.parse(textwrap.dedent(inspect.getsource(getattr(importlib.import_module(module), name))))
        for module, name in names
        if module is not None
    ]
