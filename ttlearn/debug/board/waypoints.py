"""The watcher's waypoints: the mark of up to four letters that a RISC leaves in L1 at some calls, and what it says.

A call writes its stem with W before it waits and with D when it is through; in between two such calls the mark stays.
Read in the 0.81.1 headers (W: dataflow_api.h, dataflow_api_raw.h, llk_unpack_*_api.h, llk_math_common_api.h) and
firmware (brisc.cc, ncrisc.cc, trisc.cc). CB calls of a compute kernel, packing and what the SFPU does leave none.
Left out: dispatch, fabric and ethernet cores.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """One stem: the calls that leave it, and what a RISC that shows it with W waits for (empty: for the hardware only)."""

    stem: str
    calls: tuple[str, ...]
    waits_for: str = ""


MOVER = (
    Mark("CWF", ("cb_wait_front",), "enough pages at the front of a CB"),
    Mark("CRB", ("cb_reserve_back",), "enough free pages at the back of a CB"),
    Mark("NRB", ("noc_async_read_barrier",), "its reads to land"),
    Mark("NWB", ("noc_async_write_barrier",), "the acknowledgements of its writes"),
    Mark("NWF", ("noc_async_writes_flushed",), "its writes to leave this core"),
    Mark("NAB", ("noc_async_atomic_barrier",), "the acknowledgements of its semaphore increments"),
    Mark("NFB", ("noc_async_full_barrier",), "its reads to land"),
    Mark("NFC", ("noc_async_full_barrier",), "its writes to leave this core"),
    Mark("NFD", ("noc_async_full_barrier",), "the acknowledgements of its writes"),
    Mark("NFE", ("noc_async_full_barrier",), "the acknowledgements of its semaphore increments"),
    Mark("NFF", ("noc_async_full_barrier",), "its posted writes to leave this core"),
    Mark("NPW", ("noc_async_posted_writes_flushed",), "its posted writes to leave this core"),
    Mark("NS", ("noc_semaphore_wait",), "a semaphore of this core to get one value exactly"),
    Mark("NSM", ("noc_semaphore_wait_min",), "a semaphore of this core to get a value or more"),
    Mark("NAR", ("noc_async_read", "noc_async_read_page", "noc_async_read_tile")),
    Mark("RP2", ("noc_async_read_one_packet",)),
    Mark("NAO", ("noc_async_read_one_packet",)),
    Mark("NAS", ("noc_async_read_one_packet_set_state",)),
    Mark("NAU", ("noc_async_read_set_state",)),
    Mark("NAT", ("noc_async_read_one_packet_with_state",)),
    Mark("NAV", ("noc_async_read_with_state",)),
    Mark("NAW", ("noc_async_write", "noc_async_write_page", "noc_async_write_tile", "noc_async_write_set_state")),
    Mark("NWP", ("noc_async_write_one_packet", "noc_async_write_one_packet_with_state")),
    Mark("NWS", ("noc_async_write_one_packet_set_state",)),
    Mark("NWV", ("noc_async_write_with_state",)),
    Mark("NMW", ("noc_async_write_multicast",)),
    Mark("NML", ("noc_async_write_multicast_loopback_src",)),
    Mark("NSI", ("noc_semaphore_inc",)),
    Mark("NIM", ("noc_semaphore_inc_multicast",)),
    Mark("NSS", ("noc_semaphore_set_remote",)),
    Mark("NSN", ("noc_semaphore_set_multicast",)),
    Mark("NSL", ("noc_semaphore_set_multicast_loopback_src",)),
    Mark("NWI", ("noc_inline_dw_write",)),
    Mark("DP", ("DPRINT", "DEVICE_PRINT"), "room in the print buffer, which the host empties"),
    Mark("PAS", ("PAUSE",), "a key to be pressed on the host"),
    Mark("NKF", (), "transfers that the finished kernel left under way"),
)

_BCASTS = tuple(f"{op}_tiles_bcast{dim}" for op in ("add", "sub", "mul") for dim in ("", "_rows", "_cols", "_scalar"))
_EACH = tuple(f"{op}{what}" for op in ("add", "sub", "mul") for what in ("_tiles", "_block"))
_REUSE = ("pack_untilize_block", "binary_dest_reuse_tiles", *(f"{op}_reuse_dest_tiles" for op in ("add", "sub", "mul")))
_ONE = ("copy_tile", "copy_block", "transpose_tile", "transpose_wh_tile", "transpose_block", "unary_bcast")
_CONTEXT = "one of its two unpacks under way to end"

UNPACK = (
    Mark("UPA", (*_ONE, *_REUSE), _CONTEXT),
    Mark("UAB", (*_EACH, *_BCASTS, "reduce_tile", "reduce_block"), _CONTEXT),
    Mark("UPM", ("matmul_tiles", "matmul_block"), _CONTEXT),
    Mark("UPT", ("tilize_block", "fast_tilize_block"), _CONTEXT),  # the chip's fast_tilize leaves none
    Mark("UPU", ("untilize_block",), _CONTEXT),
    Mark("UPR", ("reduce_tile",), _CONTEXT),
)

_SECTION = ("tile_regs_acquire", "acquire_dst", "tilize_block", "untilize_block", "pack_untilize_block")
MATH = (Mark("MWD", _SECTION, "room in its instruction queue, which its engine does not empty"),)

FIRMWARE = {
    "I": "starts its firmware",
    "GW": "has nothing to do: the core waits for the next program",
    "GD": "has been told to start a program",
    "W": "is done, or has no kernel",
    "R": "prepares its kernel",
    "K": "is in its kernel and has left no other mark",
    "KD": "has come to the end of its kernel",
    "D": "has come to the end of its kernel",
    "NTW": "is done, or has no kernel, and waits for the others of its core",
    "NTD": "has seen the others of its core finish",
}

_SILENT = " (CB calls leave none on a TRISC)"
_BY_CALL = {call: mark.stem for marks in (MATH, UNPACK, MOVER) for mark in reversed(marks) for call in mark.calls}
_BY_STEM = {mark.stem: mark for marks in (MATH, UNPACK, MOVER) for mark in marks}


def stem_of(call: str) -> str:
    """The stem that a data-movement call, or UNPACK's part of a compute call, leaves; empty if it leaves none."""
    return _BY_CALL.get(call, "")


def mark_of(code: str) -> Mark | None:
    """The mark that a waypoint belongs to; None for the firmware's own and for unknown ones."""
    return _BY_STEM.get(code[:-1]) if code and code[-1] in "WD" and code not in FIRMWARE else None


def words(code: str, trisc: bool = False) -> str:
    """What a RISC does that shows `code`: the end of a sentence that begins with its name."""
    if code == "D" and trisc:
        return "has issued everything and waits for its engine to finish it"
    if code in FIRMWARE:
        return FIRMWARE[code] + (_SILENT if trisc and code == "K" else "")
    mark = mark_of(code)
    if mark is None:
        return "shows a waypoint that is not known here"
    if code[-1] == "D":
        return f"has passed {_calls(mark)} and left no mark since" + _SILENT * trisc
    if not mark.calls:
        return f"waits for {mark.waits_for}"
    return f"is in {_calls(mark)}" + (f" and waits for {mark.waits_for}" if mark.waits_for else "")


def _calls(mark: Mark) -> str:
    if not mark.calls:
        return "the end of its kernel"
    return mark.calls[0] if len(mark.calls) == 1 else f"{mark.calls[0]} or a like call"
