"""Checks a kernel's C++ against the vendor's own headers, with the host's g++: no chip, no vendor compiler.

A kernel is compiled behind the firmware file of its RISC, with the includes, defines and generated files that the
JIT would give it. Two small headers stand in for the toolchain's (tests/data/stand_in). Left out: code generation,
32-bit pointers, what the SFPU's vectors compute.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

RISCS = {"reader": ("NCRISC",), "writer": ("BRISC",), "compute": ("TRISC0", "TRISC1", "TRISC2")}

_STAND_IN = Path(__file__).parent / "data" / "stand_in"
_FORMATS = {"fp32": 0, "bf16": 5, "u32": 24}  # the numbers of DataFormat
_UNUSED = 255  # the format of a CB that the program does not have
_CBS = 32
_FILE = "kernel.cpp"


# ---- where the headers are ----------------------------------------------------------------------------------


def available() -> str | None:
    """None if kernels can be checked here, else why not."""
    if shutil.which("g++") is None:
        return "there is no g++"
    if _headers() is None:
        return "no vendor headers: set TTNN_HEADERS to the folder that holds tt_metal, or install ttnn"
    return None


@cache
def _headers() -> Path | None:
    """The folder that holds tt_metal. A ttnn package is found, never imported."""
    named = os.environ.get("TTNN_HEADERS")
    spec = None if named else importlib.util.find_spec("ttnn")
    places = [named] if named else list((spec and spec.submodule_search_locations) or ())
    return next((Path(p) for p in places if (Path(p) / "tt_metal/hw/inc/api").is_dir()), None)


# its header includes the kernel: as a system header it would make the kernel one too, whose warnings g++ keeps back
_CHLKC = "tt_metal/hw/ckernels/wormhole_b0/metal/common"
_INCLUDES = """
    . ttnn/cpp tt_metal tt_metal/api tt_metal/hostdevcommon/api tt_metal/hw/inc tt_metal/hw/inc/internal/tt-1xx
    tt_metal/hw/inc/internal/tt-1xx/wormhole tt_metal/hw/inc/internal/tt-1xx/wormhole/noc
    tt_metal/hw/inc/internal/tt-1xx/wormhole/wormhole_b0_defines
    tt_metal/hw/ckernels/wormhole_b0/metal/llk_api tt_metal/hw/ckernels/wormhole_b0/metal/llk_api/llk_sfpu
    tt_metal/hw/ckernels/wormhole_b0/metal/llk_io tt_metal/tt-llk/common tt_metal/tt-llk/tools/include
    tt_metal/tt-llk/tt_llk_wormhole_b0/common/inc tt_metal/tt-llk/tt_llk_wormhole_b0/llk_lib
"""


# ---- what the JIT defines -----------------------------------------------------------------------------------

_DEFINES = """
    ARCH_WORMHOLE KERNEL_BUILD TENSIX_FIRMWARE LOCAL_MEM_EN=0 PROGRAMMABLE_CORE_TYPE=ProgrammableCoreType::TENSIX
    NUM_DRAM_BANKS=12 LOG_BASE_2_OF_NUM_DRAM_BANKS=4 IS_NOT_POW2_NUM_DRAM_BANKS=1 NUM_L1_BANKS=64
    LOG_BASE_2_OF_NUM_L1_BANKS=6 PCIE_NOC_X=0 PCIE_NOC_Y=3 DISPATCH_MESSAGE_ADDR=0
"""
_OF_RISC = {
    "BRISC": "COMPILE_FOR_BRISC PROCESSOR_INDEX=0 NOC_INDEX=1 NOC_MODE=0",
    "NCRISC": "COMPILE_FOR_NCRISC PROCESSOR_INDEX=1 NOC_INDEX=0 NOC_MODE=0",
    "TRISC0": "COMPILE_FOR_TRISC=0 PROCESSOR_INDEX=2 UCK_CHLKC_UNPACK NAMESPACE=chlkc_unpack",
    "TRISC1": "COMPILE_FOR_TRISC=1 PROCESSOR_INDEX=3 UCK_CHLKC_MATH NAMESPACE=chlkc_math",
    "TRISC2": "COMPILE_FOR_TRISC=2 PROCESSOR_INDEX=4 UCK_CHLKC_PACK NAMESPACE=chlkc_pack",
}
_FIRMWARE = {"BRISC": "brisck.cc", "NCRISC": "ncrisck.cc"}  # else trisck.cc

# the JIT has -Wall -Werror without these; the last line comes of another target and of 64-bit pointers
_ALLOWED = """
    deprecated-declarations multistatement-macros parentheses unused-but-set-variable unused-variable unused-function
    attributes int-to-pointer-cast pointer-to-int-cast
"""
_CLASS_ARGUMENTS = "kernel_lib/eltwise"  # templates over objects: C++20, and an option of the vendor's C++17


def _command(source: str, risc: str, compile_time_args: Sequence[int], folder: Path) -> list[str]:
    root = _headers()
    assert root is not None
    args = ",".join(map(str, compile_time_args))
    defines = [*_DEFINES.split(), *_OF_RISC[risc].split(), f"KERNEL_COMPILE_TIME_ARGS={args}"]
    standard = "c++20" if _CLASS_ARGUMENTS in source else "c++17"
    return [
        *("g++", f"-std={standard}", "-fsyntax-only", "-fpermissive", "-Wall", "-Wno-volatile"),
        *(f"-Wno-{name}" for name in _ALLOWED.split()),
        *(f"-D{define}" for define in defines),
        *(f"-I{place}" for place in (folder, root / _CHLKC)),
        *(f"-isystem{place}" for place in (_STAND_IN, *(root / i for i in _INCLUDES.split()))),
        str(root / "tt_metal/hw/firmware/src/tt-1xx" / _FIRMWARE.get(risc, "trisck.cc")),
    ]


# ---- what the JIT generates ---------------------------------------------------------------------------------


def _files(source: str, defines: Mapping[str, str], descriptors: str) -> Iterator[tuple[str, str]]:
    yield _FILE, source
    yield "defines_generated.h", "".join(f"#define {name} {value}\n" for name, value in defines.items())
    yield "kernel_includes.hpp", f'#include "defines_generated.h"\n#include "{_FILE}"\n'
    yield "chlkc_descriptors.h", descriptors
    for thread in ("unpack", "math", "pack"):
        yield f"chlkc_{thread}.cpp", f'#define TRISC_{thread.upper()}\n#include "{_FILE}"\n'


def _descriptors(cbs: Mapping[int, str], fp32_dest_acc_en: bool, dst_full_sync_en: bool) -> str:
    """The formats and tile shapes of the program's CBs and the compute configuration, as constants."""
    formats = [_FORMATS[cbs[i]] if i in cbs else _UNUSED for i in range(_CBS)]
    sizes = [4096 if cbs.get(i) in ("fp32", "u32") else 2048 for i in range(_CBS)]
    lines = ["#pragma once", "#include <cstdint>"]
    for side in ("unpack", "pack"):
        lines += [_array("unsigned char", f"{side}_{end}_format", formats) for end in ("src", "dst")]
        lines += [_array("uint8_t", f"{side}_{name}", [value] * _CBS) for name, value in _TILE.items()]
        lines.append(_array("uint16_t", f"{side}_tile_size", sizes))
    sync = "Full" if dst_full_sync_en else "Half"
    return "\n".join([*lines, _COMPUTE.format(str(fp32_dest_acc_en).lower(), sync)])


_TILE = {
    "tile_num_faces": 4,
    "partial_face": 0,
    "tile_face_r_dim": 16,
    "narrow_tile": 0,
    "tile_r_dim": 32,
    "tile_c_dim": 32,
    "num_faces_r_dim": 2,
    "num_faces_c_dim": 2,
}
_COMPUTE = """
#ifdef COMPILE_FOR_TRISC
constexpr bool DST_ACCUM_MODE = {0};
#define DST_SYNC_MODE DstSync::Sync{1}
constexpr ckernel::MathFidelity MATH_FIDELITY = ckernel::MathFidelity::HiFi4;
constexpr bool APPROX = false;
constexpr bool UnpackToDestEn = false;
#endif
"""


def _array(of: str, name: str, values: list[int]) -> str:
    return f"constexpr {of} {name}[{len(values)}] = {{{', '.join(map(str, values))}}};"


# ---- the check ----------------------------------------------------------------------------------------------


def check(
    source: str,
    risc: str,
    compile_time_args: Sequence[int] = (),
    defines: Mapping[str, str] = {},
    cbs: Mapping[int, str] = {},
    *,
    fp32_dest_acc_en: bool = False,
    dst_full_sync_en: bool = False,
) -> list[str]:
    """What the compiler has against a kernel on a RISC, a line each (`kernel.cpp:LINE: text`); [] if it compiles.

    `cbs`: CB index -> "bf16", "fp32" or "u32".
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in _files(source, defines, _descriptors(cbs, fp32_dest_acc_en, dst_full_sync_en)):
            (folder / file).write_text(text)
        command = _command(source, risc, compile_time_args, folder)
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    found = list(_complaints(done.stderr, folder))
    assert found or done.returncode == 0 or any(text in done.stderr for text in _OLD_COMPILER), done.stderr
    return found


_LINE = re.compile(
    r"(?P<file>[^\s:]+):(?P<line>\d+):\d+: *(?P<kind>.*error|warning|required from.*?)(: (?P<text>.*))?$"
)
# what a g++ before 13 has against templates of the headers, before anybody uses them: static_assert(false), and a
# template argument in `#pragma GCC unroll`
_OLD_COMPILER = ("static assertion failed", "'#pragma GCC unroll'")


def _complaints(output: str, folder: Path) -> Iterator[str]:
    """Errors wherever they are; warnings in the kernel itself. An error in a header names the line that led there."""
    led = ""
    for line in output.splitlines():
        if ": In " in line:
            led = ""
        match = _LINE.match(line)
        if match is None:
            continue
        own = match["file"] == str(folder / _FILE)
        where = f"{_FILE if own else Path(match['file']).name}:{match['line']}: "
        text = match["text"] or ""
        if match["kind"].startswith("required"):
            led = where if own else led
        elif own and not (match["kind"] == "warning" and "loses precision" in text):
            yield where + text
        elif match["kind"].endswith("error") and (led or not text.startswith(_OLD_COMPILER)):
            yield led + where + text
