"""C++ text after the preprocessor, in which every piece still knows its file, line and column.

`#include`s of the API are passed over (their names are this package's own); a file that lies beside the
kernel is read. Role macros (`TRISC_MATH` …) are refused, since one text is translated for all three roles.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pcpp import Action, OutputDirective, Preprocessor

from ...errors import CppError

# what the vendor's build defines for every kernel, and words that mean nothing here
_ALWAYS = {
    "ARCH_WORMHOLE": "1",
    "KERNEL_BUILD": "1",
    "MAIN": "kernel_main()",
    "ALWI": "inline",
    "FORCE_INLINE": "inline",
    "tt_l1_ptr": "",
    "tt_reg_ptr": "",
    "uintptr_t": "uint32_t",
}
_OF_KIND = {"reader": "COMPILE_FOR_NCRISC", "writer": "COMPILE_FOR_BRISC", "compute": "COMPILE_FOR_TRISC"}
_ROLES = re.compile(r"\b(TRISC_(?:UNPACK|MATH|PACK)|UCK_CHLKC_(?:UNPACK|MATH|PACK)|COMPILE_FOR_TRISC *==)")
_OURS = re.compile(r'^[<"](?:api|debug|hw|tt_metal|ttnn|tt-metalium|experimental|hostdevcommon|internal|llk_|ckernel|'
                   r"compute_kernel_api|dataflow_api|risc_|tools|\w+>)")  # fmt: skip


class Place(NamedTuple):
    """Where something stands in the author's own text. Columns count from 0; `last` is the line of the end."""

    file: str
    line: int
    column: int
    last: int
    end: int


@dataclass
class Source:
    """One kernel: `expanded` is what the parser sees, `files` the texts as they were written."""

    name: str
    files: dict[str, list[str]]
    expanded: bytes = b""
    missing: list[str] = field(default_factory=list)  # includes that were not found
    _starts: list[int] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)

    def place(self, start: int, end: int) -> Place:
        """The author's place of the expanded bytes `start` to `end`."""
        first = self._places[max(0, bisect.bisect_right(self._starts, start) - 1)]
        last = self._places[max(0, bisect.bisect_left(self._starts, end) - 1)]
        if last.file != first.file or (last.last, last.end) < (first.line, first.column):
            last = first
        return Place(first.file, first.line, first.column, last.last, last.end)

    def line(self, place: Place) -> str:
        lines = self.files.get(place.file, [])
        return lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""


def load(source: str | Path, kind: str, defines: Mapping[str, Any], name: str | None = None) -> Source:
    """Read and preprocess a kernel: a path, or the text itself."""
    path = _path(source)
    if path is not None:
        try:
            text = path.read_text(errors="replace")
        except OSError as why:
            raise CppError(f"{path}: {why.strerror}; give the path of a kernel, or its text") from None
        return _Reader(name or path.name, text, str(path), kind, defines).result
    title = name or f"{kind}.cpp"
    return _Reader(title, str(source), title, kind, defines).result


def _path(source: str | Path) -> Path | None:
    if isinstance(source, Path):
        return source
    if not isinstance(source, str):
        raise CppError(f"a kernel's source is its text or its path, not {source!r}")
    short = len(source) < 1000 and not set(source) & set("\n;{}")
    return Path(source) if short and source.endswith((".cpp", ".cc", ".h", ".hpp")) else None


class _Reader(Preprocessor):  # type: ignore[misc]
    """pcpp with a C++ kernel's rules: what is not defined is false, comments stay, errors are ours."""

    def __init__(self, name: str, text: str, file: str, kind: str, defines: Mapping[str, Any]) -> None:
        super().__init__()
        self.result, self.line_directive = Source(name, {file: text.splitlines()}), None
        for key, value in {**_ALWAYS, _OF_KIND[kind]: "1", **defines}.items():
            self.define(f"{key} {value}")
        try:
            self.parse(text, file)
            tokens = self._tokens()
        except CppError:
            raise
        except Exception as why:  # pcpp meets broken text with errors of every kind
            raise CppError(f"{name}: the preprocessor cannot read this text ({type(why).__name__}: {why})") from None
        self._join(tokens)

    def _tokens(self) -> list[Any]:
        tokens: list[Any] = []
        while (token := self.token()) is not None:
            tokens.append(token)
        return tokens

    def _join(self, tokens: list[Any]) -> None:
        """The expanded text, and where each of its tokens comes from."""
        out, size, at = [], 0, {"": (0, 0)}  # file -> (line, column) up to which tokens have been found
        for token in tokens:
            piece = token.value.encode("utf-8", "replace")
            self.result._starts.append(size)
            self.result._places.append(self._place(token, at))
            out.append(piece)
            size += len(piece)
        self.result.expanded = b"".join(out)

    def _place(self, token: Any, at: dict[str, tuple[int, int]]) -> Place:
        file, line = str(token.source or self.result.name), int(token.lineno)
        lines = self.result.files.get(file, [])
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        before, column = at.get(file, (0, 0))
        start = column if before == line else 0
        macro = getattr(token, "expanded_from", None)
        word = macro[-1] if macro else token.value.split("\n")[0]
        found = text.find(word, start)
        if found < 0:
            return Place(file, line, start, line, len(text))
        if not macro:
            at[file] = (line, found + len(word))
        return Place(file, line, found, line + token.value.count("\n"), found + len(word))

    # ---- what pcpp asks -------------------------------------------------------------------------------------

    def on_error(self, file: str, line: int, msg: str) -> None:
        raise CppError(f"{file} line {line}: {msg}")

    def on_include_not_found(
        self, is_malformed: bool, is_system_include: bool, curdir: str, includepath: str
    ) -> None:  # fmt: skip
        spelled = f"<{includepath}>" if is_system_include else f'"{includepath}"'
        if not is_system_include and not _OURS.match(spelled):
            self.result.missing.append(includepath)
        raise OutputDirective(Action.IgnoreAndRemove)

    def on_file_open(self, is_system_include: bool, includepath: str) -> Any:
        handle = super().on_file_open(is_system_include, includepath)
        text = handle.read()
        self.result.files[includepath] = text.splitlines()
        handle.seek(0)
        return handle

    def on_unknown_macro_in_defined_expr(self, tok: Any) -> bool:
        return False

    def on_unknown_macro_in_expr(self, ident: str) -> int:
        return 0

    def on_unknown_macro_function_in_expr(self, ident: str) -> Any:
        raise CppError(f"{self.result.name}: #if uses {ident}(...), which is not defined; pass it in `defines`")

    def on_comment(self, tok: Any) -> bool:
        return True

    def on_directive_handle(self, directive: Any, toks: Any, ifpassthru: bool, precedingtoks: Any) -> Any:
        line = directive.value + " " + "".join(str(tok.value) for tok in toks)
        role = _ROLES.search(line) if directive.value in ("if", "ifdef", "ifndef", "elif") else None
        if role:
            raise CppError(
                f"{directive.source} line {directive.lineno}: `#{line}` makes another kernel for each TRISC; "
                "write the lines as UNPACK((...)), MATH((...)) or PACK((...))"
            )
        if directive.value == "error":
            raise CppError(f"{directive.source} line {directive.lineno}: `#{line.strip()}`")
        if directive.value in ("pragma", "warning", "line"):
            raise OutputDirective(Action.IgnoreAndRemove)
        return super().on_directive_handle(directive, toks, ifpassthru, precedingtoks)
