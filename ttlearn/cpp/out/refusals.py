"""What has no counterpart in C++ at all, and what to write instead."""

from __future__ import annotations

import ast


def refusal(node: ast.AST) -> str:
    """What a construct without a handler lacks, and what to write instead."""
    name = type(node).__name__
    what, instead = _INSTEAD.get(name, (f"this ({name})", "use plain numbers, if, for, while and calls"))
    return f"{what} has no counterpart in C++; {instead}"


_INSTEAD = {
    "AsyncFor": ("`async for`", "write a plain `for`"),
    "ClassDef": ("a class", "use functions and numbers"),
    "Delete": ("`del`", "leave it out"),
    "DictComp": ("a dict that is computed", "write the dict out, or use if and elif"),
    "Global": ("`global`", "keep the value in a variable of the kernel and hand it over"),
    "Import": ("`import`", "put it above the kernel"),
    "ImportFrom": ("`import`", "put it above the kernel"),
    "Match": ("`match`", "write if and elif"),
    "SetComp": ("a set", "use a tuple"),
    "Set": ("a set", "use a tuple"),
    "Try": ("`try`", "ask before, with `if`, or write ASSERT(...)"),
    "With": ("`with`", "write the calls it makes"),
    "Yield": ("`yield`", "write a loop where the values are used"),
}
