"""A kernel's text before the parser sees it: macros expanded, `#if` decided, every piece still with its place.

`#include`s of the API are passed over (their names are this package's own); a file that lies beside the
kernel is read. Role macros (`TRISC_MATH` …) are refused, since one text is translated for all three roles.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pcpp import Action, OutputDirective, Preprocessor

from ...errors import CppError
from .conditions import Condition
from .source import Place, Source

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
    "__builtin_bit_cast(T, x)": "std::bit_cast<T>(x)",  # the parser expects no type among arguments
}
_OF_KIND = {"reader": "COMPILE_FOR_NCRISC", "writer": "COMPILE_FOR_BRISC", "compute": "COMPILE_FOR_TRISC"}
_ROLES = re.compile(r"\b(TRISC_(?:UNPACK|MATH|PACK)|UCK_CHLKC_(?:UNPACK|MATH|PACK)|COMPILE_FOR_TRISC *==)")
_MOST_TOKENS = 300_000
_OURS = re.compile(r'^[<"](?:api|debug|hw|tt_metal|ttnn|tt-metalium|experimental|hostdevcommon|internal|llk_|ckernel|'
                   r"compute_kernel_api|dataflow_api|risc_|tools|\w+>)")  # fmt: skip


def load(source: str | Path, kind: str, defines: Mapping[str, Any], name: str | None = None) -> Source:
    """Read and preprocess a kernel: a path, or the text itself."""
    path = _path(source)
    if path is not None:
        try:
            text = path.read_text(errors="replace")
        except (OSError, ValueError) as why:
            raise CppError(f"{path}: {getattr(why, 'strerror', why)}; give the path of a kernel, or its text") from None
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


def _lines_ended(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Reader(Preprocessor):  # type: ignore[misc]
    """pcpp with a C++ kernel's rules: what is not defined is false, comments stay, errors are ours."""

    def __init__(self, name: str, text: str, file: str, kind: str, defines: Mapping[str, Any]) -> None:
        super().__init__()
        text = _lines_ended(text)
        self.result, self.line_directive, self.evaluator = Source(name, {file: text.split("\n")}), None, Condition
        self._expanded, self._at = 0, f"{file} line 1"  # tokens looked at for macros; the directive last met
        try:
            for key, value in {**_ALWAYS, _OF_KIND[kind]: "1", **defines}.items():
                self.define(f"{key} {int(value) if isinstance(value, bool) else value}")
            self.parse(text, file)
            tokens = self._tokens()
        except CppError:
            raise
        except RecursionError:
            raise CppError(f"{self._at}: #includes or macros that go on for ever; look for one inside itself") from None
        except Exception as why:  # pcpp meets broken text with errors of every kind
            raise CppError(f"{self._at}: the preprocessor cannot read on from here ({why})") from None
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
        if wrong_if := re.match(r"Could not evaluate .*?ValueError\((['\"])(.*)\1\) \(passed", msg):
            msg = f"#if: {wrong_if[2]}"
        elif "RecursionError" in msg:
            msg = "#if: this condition is nested too deeply"
        msg = msg.strip()
        raise CppError(f"{file} line {line}: {msg}" if file else f"{self.result.name}: {msg} in `defines`")

    def expand_macros(self, tokens: list[Any], expanding_from: Sequence[str] = ()) -> Any:
        self._expanded += 1 + len(tokens)
        if self._expanded > _MOST_TOKENS:
            raise CppError(f"{self._at}: macros make more than {_MOST_TOKENS} tokens; look for one that doubles itself")
        return super().expand_macros(tokens, list(expanding_from))

    def on_include_not_found(
        self, is_malformed: bool, is_system_include: bool, curdir: str, includepath: str
    ) -> None:  # fmt: skip
        spelled = f"<{includepath}>" if is_system_include else f'"{includepath}"'
        if not is_system_include and not _OURS.match(spelled):
            self.result.missing.append(includepath)
        raise OutputDirective(Action.IgnoreAndRemove)

    def on_file_open(self, is_system_include: bool, includepath: str) -> Any:
        path = Path(includepath)
        if not path.is_file():
            raise OSError(includepath)
        text = _lines_ended(path.read_text(errors="replace"))
        self.result.files[includepath] = text.split("\n")
        return io.StringIO(text)

    def on_unknown_macro_in_defined_expr(self, tok: Any) -> bool:
        return False

    def on_comment(self, tok: Any) -> bool:
        return True

    def on_directive_handle(self, directive: Any, toks: Any, ifpassthru: bool, precedingtoks: Any) -> Any:
        self._at = f"{directive.source} line {directive.lineno}"
        line = directive.value + " " + "".join(str(tok.value) for tok in toks)
        role = _ROLES.search(line) if directive.value in ("if", "ifdef", "ifndef", "elif") else None
        if role:
            raise CppError(
                f"{self._at}: `#{line}` makes another kernel for each TRISC; "
                "write the lines as UNPACK((...)), MATH((...)) or PACK((...))"
            )
        if directive.value == "error":
            raise CppError(f"{self._at}: `#{line.strip()}`; pass what it asks for in `defines`")
        if directive.value in ("pragma", "warning", "line"):
            raise OutputDirective(Action.IgnoreAndRemove)
        return super().on_directive_handle(directive, toks, ifpassthru, precedingtoks)
