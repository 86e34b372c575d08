"""A kernel that was redefined after its program was built, and names of the API that are taken; and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from programs import CORE, READER, cb, empty

import ttlearn as tt


def defined(text: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
    """The names after a cell of this text, which may have run before."""
    names = {"__name__": "__main__"} if names is None else names
    exec(compile(text, "<a cell>", "exec"), names)
    return names


def built(kernel: Any) -> tt.ProgramDescriptor:
    return tt.ProgramDescriptor([tt.KernelDescriptor(kernel, CORE, READER)], [cb(0, 2)])


def test_a_kernel_that_was_redefined_after_its_program_was_built() -> None:
    names = defined("async def reader(): pass")
    program = built(names["reader"])
    tt.generic_op([empty(1)], program)
    defined("\n\nasync def reader(): 1 / 1 and print()", names)
    with pytest.raises(tt.HostError) as caught:
        tt.generic_op([empty(1)], program)
    assert str(caught.value) == (
        "reader was redefined after this program was built, and the program still holds the old one: run the cell or "
        "line that builds the program again; to keep both kernels, give them different names"
    )
    tt.generic_op([empty(1)], built(names["reader"]))


def test_a_decorated_kernel_that_was_redefined() -> None:
    text = (
        "import functools\ndef logged(function):\n    @functools.wraps(function)\n"
        "    async def kernel(): await function()\n    return kernel\n"
    )
    names = defined(text + "@logged\nasync def reader(): pass")
    program = built(names["reader"])
    defined(text + "@logged\nasync def reader(): pass", names)
    tt.generic_op([empty(1)], program)
    defined(text + "@logged\nasync def reader(): print()", names)
    with pytest.raises(tt.HostError, match=r"^reader was redefined after this program was built, "):
        tt.generic_op([empty(1)], program)


def test_a_cell_that_runs_again_unchanged_or_moved_redefines_nothing() -> None:
    names = defined("async def reader():\n    return [i for i in range(3)]")
    program = built(names["reader"])
    for text in (
        "async def reader():\n    return [i for i in range(3)]",
        "\nasync def reader():\n  return [i for i in range(3)]",
    ):
        defined(text, names)
        tt.generic_op([empty(1)], program)


@pytest.mark.parametrize(
    "text",
    [
        "def make(n):\n    async def reader(): print(n)\n    return reader\nkernel = make(1)\nreader = make(2)",
        "def make(n):\n    async def reader(): print(n)\n    return reader\nkernel = make(1)\nasync def reader(): pass",
        "async def reader(): pass\nkernel = reader\ndel reader",
        "async def reader(): pass\nkernel, reader = reader, 5",
        "import functools\nasync def reader(): pass\nkernel = reader\n"
        "@functools.wraps(kernel)\nasync def reader(): await kernel()",
        "kernels = []\nfor n in range(2):\n    async def reader(): print(n)\n    kernels.append(reader)\nkernel = kernels[0]",
    ],
    ids=["factory", "factory and a cell", "deleted", "no function", "wrapped", "loop"],
)
def test_kernels_that_share_a_name_are_left_alone(text: str) -> None:
    tt.generic_op([empty(1)], built(defined(text)["kernel"]))


STARS = "from ttlearn.compute import *\nfrom ttlearn.dataflow import *\n"
OWN = STARS + "def tilize_block(icb, block, ocb): pass\n"


@pytest.mark.parametrize("kernel", ["async def kernel(): tilize_block(0, 1, 16)", "def row(): tilize_block(0, 1, 16)\nasync def kernel(): row()"])  # fmt: skip
def test_a_function_that_shadows_a_call_of_the_api(kernel: str) -> None:
    with pytest.raises(tt.HostError) as caught:
        tt.generic_op([empty(1)], built(defined(OWN + kernel)["kernel"]))
    where = "row" if "row" in kernel else "kernel"
    assert str(caught.value) == (
        f"kernel calls tilize_block, and gets your own function of that name instead of ttlearn's ({where} line 4): "
        "give yours another name, and run `from ttlearn.compute import *` again"
    )


@pytest.mark.parametrize(
    "text",
    [
        OWN + "async def kernel(): pass",
        STARS + "async def kernel():\n    def tilize_block(): pass\n    tilize_block()",
        STARS + "async def kernel():\n    tilize_block = print\n    tilize_block()",
        STARS + "def make(tilize_block):\n    async def kernel(): tilize_block()\n    return kernel\n"
        "kernel = make(lambda: None)",
        STARS + "def row(tilize_block): tilize_block()\nasync def kernel(): row(print)",
    ],
    ids=["not called", "local function", "local name", "closure", "parameter"],
)
def test_names_that_shadow_nothing(text: str) -> None:
    tt.generic_op([empty(1)], built(defined(text)["kernel"]))
