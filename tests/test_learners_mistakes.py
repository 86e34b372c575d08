"""Mistakes that learners have made in the exercises: the verdict names the right cause, the right kernel and a cure that helps.

Each is a reference answer with some of its text exchanged. Left out: the wording around the key sentence.
"""

from __future__ import annotations

import inspect
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ttlearn as tt
import ttlearn.compute
import ttlearn.dataflow
from ttlearn.debug.hang.init_words import init_of
from ttlearn.learn import affine, course
from ttlearn.learn.check import judge
from ttlearn.learn.verdict import Verdict

Edit = tuple[str, str]


def changed(function: Callable[..., Any], edits: tuple[Edit, ...]) -> Callable[..., Any]:
    """The function with the first of each text exchanged, and with its source where a diagnosis looks for it."""
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in edits:
        assert old in source, (old, source)
        source = source.replace(old, new, 1)
    file = f"<{function.__name__} changed {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    names = {**vars(ttlearn.compute), **vars(ttlearn.dataflow), **function.__globals__}
    exec(compile(source, file, "exec"), names)
    return names[function.__name__]  # type: ignore[no-any-return]


def verdict(exercise: str, name: str, *edits: Edit) -> Verdict:
    found = course.exercise(exercise)
    return judge(found, {**found.reference, name: changed(found.reference[name], edits)})


# ---- what strict mode says: (exercise, function, edits, the key sentence) -------------------------------------------

RESERVE = "let {} wait for the pop first, with `await cb_reserve_back(...)`"
HAZARDS: dict[str, tuple[str, str, tuple[Edit, ...], str]] = {
    "the reader writes at the read pointer": (
        "01.1",
        "reader",
        (("get_write_ptr", "get_read_ptr"),),
        "but NCRISC (reader) writes it at reader line 5: `noc_async_read_page(i, source, get_read_ptr(0))`; `get_read_ptr` is "
        "the front of the CB, which only pops move on: a producer writes at `get_write_ptr`, the place of the next push",
    ),
    "the address of the reads stands still": (
        "02.1",
        "stick_reader",
        (("            to += source.get_aligned_page_size()\n", ""),),
        "NCRISC (stick_reader) reads to page 0 of c_0 at stick_reader line 7: `noc_async_read_page(row, source, to)`, where a "
        "read that the same line has started before may not have landed: both bring bytes to the same place; let the address "
        "of each begin behind the bytes of the one before",
    ),
    "an index goes behind the ring": (
        "04b.1",
        "relu",
        (("copy_tile(c_0, 0, 0)", "copy_tile(c_0, i, 0)"), ("for _ in", "for i in")),
        "UNPACK (relu) reads page 0 of c_16 at relu line 9: `copy_tile(c_0, i, 0)`, but that is tile 1 of c_0 from its front "
        "on, behind the end of its 2 pages: line 6 waits for 1, so its index is 0, counted anew after each pop",
    ),
    "an index goes behind the ring of the second operand's neighbour": (
        "08.3",
        "narrow_center",
        (("c_0, c_25, 0, 0, 0", "c_0, c_25, t, 0, 0"), ("for _ in", "for t in")),
        "but that is tile 3 of c_0 from its front on, behind the end of its 2 pages: line 5 waits for 1, so its index is 0",
    ),
    "tiles waited for where sticks are read": (
        "05.1",
        "tilize_row",
        (("cb_wait_front(c_0, 32)", "cb_wait_front(c_0, Wt)"),),
        "but it has waited for 3 pages of c_0, at tilize_row line 2: `await cb_wait_front(c_0, Wt)`, and this is page 4 from "
        "the front on: wait for 32, or read only what it has waited for",
    ),
    "one page waited for where a row is read": (
        "07.1",
        "mean",
        (("cb_wait_front(c_0, Wt)", "cb_wait_front(c_0, 1)"),),
        "but it has waited for 1 page of c_0, at mean line 4: `await cb_wait_front(c_0, 1)`, and this is page 2 from the "
        "front on: wait for 4, or read only what it has waited for",
    ),
    "one page reserved where a row is packed": (
        "08.1",
        "center",
        (("cb_reserve_back(c_24, Wt)", "cb_reserve_back(c_24, 1)"),),
        "but it has reserved 1 page of c_24, at center line 5: `await cb_reserve_back(c_24, 1)`, and this is page 2 from the "
        "back on: reserve 3, or write only what it has reserved",
    ),
    "a page popped before its use": (
        "04b.1",
        "relu",
        (
            ("        cb_pop_front(c_0, 1)\n", ""),
            ("        copy_tile(", "        cb_pop_front(c_0, 1)\n        copy_tile("),
        ),
        "which nobody had written; it has given back what it waited for before, at relu line 9: `cb_pop_front(c_0, 1)`: pop "
        "it after its last use",
    ),
    "a page popped twice, the second time by a given phase": (
        "09.3",
        "squares",
        (("    return 1", "    cb_pop_front(c_24, Wt)\n    return 1"),),
        "but it has popped 8 pages of c_24 when 4 were pushed, at squares line 13: `cb_pop_front(c_24, Wt)` and at",
    ),
    "the scaler's index runs along": (
        "07.1",
        "mean",
        (("c_0, c_2, t, 0, 0", "c_0, c_2, t, t, 0"),),
        "the other 6,144 come from page 0 of c_0; it has waited for 1 of c_2, at mean line 3: `await cb_wait_front(c_2, 1)`, "
        "so its index is 0",
    ),
    "a block that is eight tiles wide unasked": (
        "05.1",
        "untilize_row",
        ((", block_ct_dim=Wt, full_ct_dim=Wt)", ")"), (", block_ct_dim=Wt, full_ct_dim=Wt)", ")")),
        "it has waited for 1 of c_1, at untilize_row line 2: `await cb_wait_front(c_1, Wt)`: let the block be as wide "
        "(block_ct_dim is 8 where it is not given)",
    ),
    "the producer pops what the writer reads": (
        "08.2",
        "square",
        (("    cb_push_back(c_1, Wt)", "    cb_push_back(c_1, Wt)\n    cb_pop_front(c_1, Wt)"),),
        "and UNPACK (compute) has popped c_1, at square line 13: `cb_pop_front(c_1, Wt)`: only writer, which reads it, may "
        "pop it",
    ),
    "the reserve in the wrong role": (
        "04a.1",
        "by_role",
        (("if PACK():\n            await cb_reserve", "if MATH():\n            await cb_reserve"),),
        "cb_reserve_back at line 8 stands under `if MATH()`, where it does nothing: it is PACK's, so take it out of that "
        "`if`, or write `if PACK():` there",
    ),
    "the wait in the wrong role": (
        "04a.1",
        "by_role",
        (("if UNPACK():\n            await cb_wait", "if MATH():\n            await cb_wait"),),
        "cb_wait_front at line 6 stands under `if MATH()`, where it does nothing: it is UNPACK's, so take it out of that "
        "`if`, or write `if UNPACK():` there",
    ),
    "one of two reserves missing": (
        "11.3",
        "pair_reader",
        (("        await cb_reserve_back(1, block)\n", ""),),
        "but NCRISC (pair_reader) writes it again at pair_reader line 9: `noc_async_read_page(first + k, b, get_write_ptr(1) + "
        f"k * 2048)`, and nothing says that it was given back: {RESERVE.format('pair_reader')}",
    ),
    "read into the other CB": (
        "14.1",
        "pair_reader",
        (("(i, b, get_write_ptr(c_1))", "(i, b, get_write_ptr(c_0))"),),
        "NCRISC (pair_reader) writes page 0 of c_0 at pair_reader line 10: `noc_async_read_page(i, b, get_write_ptr(c_0))`, but "
        "it has pushed what it reserved before, at pair_reader line 8: `cb_push_back(c_0, 1)`: is c_1 meant, which it has "
        "reserved at pair_reader line 9: `await cb_reserve_back(c_1, 1)`?",
    ),
    "copied from the CB that it fills": (
        "04b.1",
        "relu",
        (("copy_tile(c_0", "copy_tile(c_16"),),
        "or is c_0 meant, which it has waited for at relu line 6: `await cb_wait_front(c_0, 1)`?",
    ),
    "reserved another CB than it packs": (
        "08.1",
        "center",
        (("cb_reserve_back(c_24", "cb_reserve_back(c_0"),),
        "or is c_24 meant, and not c_0, at center line 5: `await cb_reserve_back(c_0, Wt)`?",
    ),
    "pushed without being filled": (
        "01.1",
        "reader",
        (("        noc_async_read_page(i, source, get_write_ptr(0))\n", ""),),
        "from page 0 of c_0, which nobody had written; NCRISC (reader) has pushed it all the same, at reader line 6: "
        "`cb_push_back(0, 1)`: let it push a page when that is filled",
    ),
    "the packer set to another format": (
        "04a.1",
        "by_role",
        (("compute_kernel_hw_startup(c_0, c_16)", "compute_kernel_hw_startup(c_0, c_0)"),),
        "but the packer makes float32 tiles of 4,096 bytes, and c_16 holds bfloat16, 2,048 bytes each: name c_16 as the output "
        "of compute_kernel_hw_startup, or call pack_reconfig_data_format(c_16) before",
    ),
    "pops that do not add up to what is read together": (
        "04b.2",
        "pairs",
        (("cb_pop_front(c_0, 2)", "cb_pop_front(c_0, 1)"),),
        "line 5 waits for 2 and line 14 pops 1, so what is used together goes over the end; let both be as many",
    ),
    "a depth that no block divides": (
        "10a.2",
        "pages",
        (("c_0: 32", "c_0: 33"),),
        "begin at page 32 of 33, so only 1 lie there side by side, and this is behind the end of c_0: let c_0 have a multiple "
        "of 32 pages",
    ),
    "the count is not set back": (
        "13.2",
        "gatherer",
        (("        noc_semaphore_set(arrived, 0)\n", ""),),
        "the wait of NCRISC (gatherer) of core (0, 0) before that, at gatherer line 9: `await noc_semaphore_wait(arrived, "
        "others)`, was met by the 3 of the time before: after each wait let gatherer set the semaphore back with "
        "noc_semaphore_set, before anybody may change it again",
    ),
    "a word under way at the end": (
        "13.2",
        "gatherer",
        (("to_all, others)\n    await noc_async_write_barrier()", "to_all, others)"),),
        "NCRISC (gatherer) of core (0, 0) ends with a multicast of a semaphore's word under way, started at gatherer line 14: "
        "`noc_semaphore_set_multicast(get_semaphore(2), to_all, others)`: put `await noc_async_write_barrier()` before the end",
    ),
    "released before the pack": (
        "14.2",
        "add_bias",
        (
            ("        tile_regs_release()\n", ""),
            ("        pack_tile(", "        tile_regs_release()\n        pack_tile("),
        ),
        "pack_tile at add_bias line 11: `pack_tile(0, c_16)` reads DST after its section was given back, at add_bias line 10: "
        "`tile_regs_release()`: release after the last pack of a section, and wait once for each section",
    ),
    "committed before the operation": (
        "04b.1",
        "relu",
        (
            ("        tile_regs_commit()\n", ""),
            ("        copy_tile(", "        tile_regs_commit()\n        copy_tile("),
        ),
        "copy_tile at relu line 10: `copy_tile(c_0, 0, 0)` writes DST after its section was handed on, at relu line 9: "
        "`tile_regs_commit()`: commit after the last operation of a section, and acquire once for each section",
    ),
}


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_told_with_the_mistake_that_was_made(name: str) -> None:
    exercise, function, edits, sentence = HAZARDS[name]
    assert sentence in verdict(exercise, function, *edits).problem


# ---- calls with arguments that cannot be meant ----------------------------------------------------------------------

CALLS: dict[str, tuple[str, str, tuple[Edit, ...], str]] = {
    "read from L1 to the NOC": (
        "02.3",
        "crop_reader",
        (
            (
                "source.get_noc_addr(row, 16), get_write_ptr(0) + 16",
                "get_write_ptr(0) + 16, source.get_noc_addr(row, 16)",
            ),
        ),
        "lies in c_0, in this core's L1, and a NOC address belongs there: the two look swapped; the order is "
        "noc_async_read(NOC address of the source, L1 address, size)",
    ),
    "write from the NOC to L1": (
        "02.3",
        "crop_writer",
        (
            (
                "noc_async_write_page(row, target, get_read_ptr(0) + 16)",
                "noc_async_write(target.get_noc_addr(row), get_read_ptr(0) + 16, 64)",
            ),
        ),
        "lies in c_0, in this core's L1, and a NOC address belongs there: the two look swapped; the order is "
        "noc_async_write(L1 address, NOC address of the target, size)",
    ),
    "the words of no accessor": (
        "11.3",
        "pair_reader",
        (("TensorAccessorArgs(2)", "TensorAccessorArgs(1)"),),
        "TensorAccessorArgs(1): compile-time argument 1 is 2048, and an accessor's two words are 2 and the page size; in this "
        "kernel's compile_time_args accessors begin at 0 and 2",
    ),
    "a pointer for a value": (
        "13.2",
        "gatherer",
        (("noc_semaphore_wait(arrived, others)", "noc_semaphore_wait(others, arrived)"),),
        "a pointer; the semaphore comes first and then the value: noc_semaphore_wait(semaphore, value)",
    ),
    "a pointer for a value to set": (
        "13.2",
        "gatherer",
        (("noc_semaphore_set(arrived, 0)", "noc_semaphore_set(0, arrived)"),),
        "a pointer; the semaphore comes first and then the value: noc_semaphore_set(semaphore, value)",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_in_the_wrong_order_are_told(name: str) -> None:
    exercise, function, edits, sentence = CALLS[name]
    assert sentence in verdict(exercise, function, *edits).problem


# ---- what the diagnosis of a hang says: (…, the key sentence, what would help) --------------------------------------

HANGS: dict[str, tuple[str, str, tuple[Edit, ...], str, str]] = {
    "the push behind the loop": (
        "01.1",
        "reader",
        (("        cb_push_back(0, 1)", "    cb_push_back(0, 1)"),),
        "NCRISC reads 7 pages in a loop (line 5), and its cb_push_back (line 7) stands outside that loop",
        "let NCRISC (reader) push c_0 in the loop in which it reads (line 5), after its barrier (not tried)",
    ),
    "the pop behind the loop": (
        "01.2",
        "writer",
        (("        cb_pop_front(0, 1)", "    cb_pop_front(0, 1)"),),
        "BRISC writes 7 pages in a loop (line 5), and its cb_pop_front (line 7) stands outside that loop",
        "let BRISC (writer) pop c_0 in the loop in which it writes (line 5), after its barrier (not tried)",
    ),
    "a pop for a push": (
        "01.1",
        "reader",
        (("cb_push_back", "cb_pop_front"),),
        "cb_push_back(c_0, …) is missing; NCRISC (reader) calls cb_pop_front on it instead (line 7)",
        "call cb_push_back at line 7 (not tried)",
    ),
    "a push for a pop": (
        "01.2",
        "writer",
        (("cb_pop_front", "cb_push_back"),),
        "cb_pop_front(c_0, …) is missing",
        "call cb_pop_front at line 7 (not tried)",
    ),
    "the arguments of a push exchanged": (
        "14.1",
        "pair_reader",
        (("cb_push_back(c_0, 1)", "cb_push_back(1, c_0)"),),
        "NCRISC (pair_reader) pushes 0 pages of c_1 (line 8): the arguments look exchanged",
        "write cb_push_back(c_0, 1) at line 8 (not tried)",
    ),
    "a wait for more than the CB has": (
        "01.3",
        "pair_writer",
        (("cb_wait_front(0, 2)", "cb_wait_front(0, 3)"),),
        "asks for 3 pages of c_0, which has 2",
        "wait for 2 pages of c_0, as many as BRISC (pair_writer) pops (not tried; a larger CB was tried, and does not help)",
    ),
    "a row reserved for one tile": (
        "07.1",
        "mean",
        (("cb_reserve_back(c_25, 1)", "cb_reserve_back(c_25, Wt)"),),
        "asks for 4 pages of c_25, which has 2",
        "reserve 1 page of c_25, as many as PACK (compute) pushes (not tried)",
    ),
    "tiles counted as sticks": (
        "05.1",
        "tilize_row",
        (("cb_reserve_back(c_1, Wt)", "cb_reserve_back(c_1, 32)"), ("cb_push_back(c_1, Wt)", "cb_push_back(c_1, 32)")),
        "asks for 32 pages of c_1, which has 2",
        "reserve and push 1 page of c_1, as many as UNPACK (compute) pops; a page of it is a tile, of which a tile row has "
        "fewer (not tried)",
    ),
    "another CB reserved than pushed": (
        "08.1",
        "center",
        (("cb_reserve_back(c_24, Wt)", "cb_reserve_back(c_25, Wt)"),),
        "asks for 4 pages of c_25, which has 2",
        "name c_24 there: PACK (compute) pushes c_24 and never reserves it (not tried)",
    ),
    "a constant popped in each row": (
        "07.1",
        "mean",
        (("    reduce_uninit(c_0)", "    cb_pop_front(c_2, 1)\n    reduce_uninit(c_0)"),),
        "; UNPACK (compute) pops c_2 in each trip, at mean line 14",
        "keep c_2 if every trip needs the same pages: pop it once, behind the loop; else let NCRISC (reader) push 2 pages of "
        "c_2, as many as UNPACK (compute) pops, instead of 1 (not tried)",
    ),
    "a wait for one more than is popped": (
        "01.2",
        "writer",
        (("cb_wait_front(0, 1)", "cb_wait_front(0, 2)"),),
        "BRISC waits for a 2nd at writer line 4: `await cb_wait_front(0, 2)`; it pops 1 for that (line 7), 1 in all, as many "
        "as there are",
        "wait for 1, as many as BRISC (writer) pops (not tried)",
    ),
    "a pop of one more than is waited for": (
        "08.1",
        "center",
        (("cb_pop_front(c_25, 1)", "cb_pop_front(c_25, 2)"),),
        "it pops 2 each time (center line 15)",
        "pop 1 at center line 15, as many as UNPACK (compute) waits for (not tried)",
    ),
    "an engine's call in one role": (
        "04a.1",
        "by_role",
        (("        one_tile()", "        if MATH():\n            one_tile()"),),
        "copy_tile stands under `if MATH()`, so UNPACK, which has a part in it, never makes it",
        "out of `if MATH()` (not tried)",
    ),
    "the commit in PACK's role": (
        "04a.1",
        "by_role",
        (("        one_tile()", "        if PACK():\n            one_tile()"),),
        "tile_regs_commit stands under `if PACK()`, so MATH, which has a part in it, never makes it",
        "out of `if PACK()` (not tried)",
    ),
    "another broadcast than its init's": (
        "08.1",
        "center",
        (("tBcastDim=COL", "tBcastDim=BroadcastType.ROW"),),
        "the engine is programmed for another operation (the init before it is `sub_bcast_cols_init(c_0, c_25)`, line 2)",
        "call sub_bcast_rows_init(c_0, c_25) before sub_tiles_bcast instead of `sub_bcast_cols_init(c_0, c_25)`; or change "
        "tBcastDim to what that init says (not tried)",
    ),
    "an SFPU's init between": (
        "09.2",
        "careful_inverse_std",
        (("tBcastDim=SCALAR", "tBcastDim=BroadcastType.COL"),),
        "(the init before it is `add_bcast_scalar_init(c_26, c_3)`, line 2)",
        "call add_bcast_cols_init(c_26, c_3) before add_tiles_bcast instead of `add_bcast_scalar_init(c_26, c_3)`; or change "
        "tBcastDim to what that init says (not tried)",
    ),
    "increments thrown away": (
        "14.3",
        "receiver",
        (("wait_min(arrived, i + 1)", "wait_min(arrived, 1)\n        noc_semaphore_set(arrived, 0)"),),
        "and it stays 0: it sets it back itself, at receiver line 6: `noc_semaphore_set(arrived, 0)`, and lost 1 that had come "
        "by then beyond the 1 it had waited for",
        "do not set it back at line 6: let it grow, and wait with noc_semaphore_wait_min for 1, then for 2, and so on (not tried)",
    ),
}


_HOISTED_RESERVE = (
    ("        await cb_reserve_back(0, 1)\n", ""),
    ("    for i", "    await cb_reserve_back(0, 1)\n    for i"),
)
HANGS |= {
    "reserve and push both outside the loop": (
        "01.1",
        "reader",
        (*_HOISTED_RESERVE, ("        cb_push_back(0, 1)", "    cb_push_back(0, 1)")),
        "NCRISC reads 7 pages in a loop (line 5), and its cb_push_back (line 7) stands outside that loop",
        "let NCRISC (reader) reserve and push c_0 in the loop in which it reads (line 5), after its barrier (not tried)",
    ),
    "the engine's pop behind the loop": (
        "04b.1",
        "relu",
        (
            ("        cb_pop_front(c_0, 1)\n", ""),
            ("cb_push_back(c_16, 1)\n", "cb_push_back(c_16, 1)\n    cb_pop_front(c_0, 1)\n"),
        ),
        "UNPACK waits for 12 pages in a loop (line 6), and its cb_pop_front (line 16) stands outside that loop",
        "let UNPACK (relu) pop c_0 in the loop in which it waits for it (line 6), after its last use (not tried)",
    ),
    "a wait for a reserve": (
        "01.1",
        "reader",
        (("cb_reserve_back", "cb_wait_front"),),
        "; NCRISC (reader) itself fills c_0 (line 7), and never reserves room in it",
        "call cb_reserve_back at line 4: who fills a CB reserves room in it (not tried)",
    ),
    "a wait for a reserve in a phase whose pages a later phase takes": (
        "05.1",
        "tilize_row",
        (("cb_reserve_back(c_1, Wt)", "cb_wait_front(c_1, Wt)"),),
        "; PACK (compute) itself fills c_1 (tilize_row line 7), and never reserves room in it",
        "call cb_reserve_back at line 3, if room in c_1 is meant; else push c_1 before that (not tried)",
    ),
    "a wait for the CB that it fills": (
        "05.1",
        "untilize_row",
        (("cb_wait_front(c_1, Wt)", "cb_wait_front(c_16, 32)"),),
        "; UNPACK (compute) pops c_1 (untilize_row line 8) and never waits for it: c_1 may be meant",
        "let UNPACK (compute) wait for c_1 instead of c_16 at line 2 (not tried)",
    ),
    "an operation without its init": (
        "09.2",
        "careful_inverse_std",
        (("    add_bcast_scalar_init(c_26, c_3)\n", ""),),
        "compute_kernel_hw_startup has run, but no operation's init",
        "call add_bcast_scalar_init(c_26, c_3) before add_tiles_bcast (not tried)",
    ),
    "an init that belongs to another phase": (
        "05.1",
        "untilize_row",
        (("    pack_untilize_init(c_1, c_16, block_ct_dim=Wt, full_ct_dim=Wt)\n", ""),),
        "the engine is programmed for another operation",
        "call pack_untilize_init(…) before pack_untilize_block (not tried)",
    ),
    "a helper's call in one role": (
        "04a.1",
        "by_role",
        (("        one_tile()", "        if MATH():\n            one_tile()"),),
        "copy_tile stands under `if MATH()`",
        "take line 10 out of `if MATH()` (not tried)",
    ),
    "one push where 32 pages are reserved": (
        "02.1",
        "stick_reader",
        (("cb_push_back(0, 32)", "cb_push_back(0, 1)"),),
        "the one counts tiles, the other sticks",
        "let NCRISC (stick_reader) push 32 of them for each tile row instead of 1 (not tried)",
    ),
    "a commit missing in one of two phases": (
        "07.1",
        "mean",
        (("    tile_regs_commit()\n", ""),),
        "; none follows tile_regs_acquire() at mean line 6",
        "call tile_regs_commit() after the last operation of a section, once for each tile_regs_acquire() (not tried)",
    ),
    "a later phase asks for more than this one pushes": (
        "09.3",
        "squares",
        (("return 1", "return Wt"),),
        "PACK (compute), the producer of c_1, pushes only 2 pages; UNPACK waits for a 4th",
        "let PACK (compute) push 8 pages of c_1, as many as UNPACK (compute) pops, instead of 2; or pop 2 there (not tried)",
    ),
    "a constant waited for and popped in the inner loop": (
        "08.3",
        "narrow_center",
        (
            ("    cb_pop_front(c_25, 1)\n", ""),
            ("cb_wait_front(c_0, 1)\n", "cb_wait_front(c_0, 1)\n        await cb_wait_front(c_25, 1)\n"),
            ("cb_pop_front(c_0, 1)\n", "cb_pop_front(c_0, 1)\n        cb_pop_front(c_25, 1)\n"),
        ),
        "but has given 1 of its 1 page back before (narrow_center line 16: `cb_pop_front(c_25, 1)`)",
        "only after its last use, which comes after narrow_center line 6; or push it again (not tried)",
    ),
    "more pages read than the given kernel takes": (
        "14.1",
        "pair_reader",
        (
            (
                "        await cb_reserve_back(c_1, 1)\n        noc_async_read_page(i, b, get_write_ptr(c_1))\n"
                "        await noc_async_read_barrier()\n        cb_push_back(c_1, 1)\n",
                "        for j in range(get_arg_val(2)):\n            await cb_reserve_back(c_1, 1)\n"
                "            noc_async_read_page(j, b, get_write_ptr(c_1))\n            await noc_async_read_barrier()\n"
                "            cb_push_back(c_1, 1)\n",
            ),
        ),
        "in all NCRISC (pair_reader) pushes",
        "; or let NCRISC (pair_reader) push 3 (not tried)",
    ),
}


@pytest.mark.parametrize("name", HANGS)
def test_a_hang_is_told_with_the_mistake_and_its_cure(name: str) -> None:
    exercise, function, edits, sentence, cure = HANGS[name]
    lines = verdict(exercise, function, *edits).problem.splitlines()
    assert sentence in lines[0]
    assert any(line.startswith("What would help: ") and line.removesuffix(".").endswith(cure) for line in lines)


def test_an_init_that_is_missing_and_a_call_kept_from_a_role_have_causes_of_their_own() -> None:
    causes = {
        name: verdict(*HANGS[name][:2], *HANGS[name][2]).problem
        for name in ("an operation without its init", "a helper's call in one role")
    }
    assert "Cause: an operation's init is missing.\n" in causes["an operation without its init"]
    assert "Cause: a processor never makes its part of a call.\n" in causes["a helper's call in one role"]


# ---- a line for what is told without one, and what the reference's run shows ------------------------------------------

BESIDE: dict[str, tuple[str, str, tuple[Edit, ...], str]] = {
    "a CB that is not there": (
        "02.1",
        "stick_reader",
        (("cb_push_back(0, 32)", "cb_push_back(1, 32)"),),
        "or use one that exists (stick_reader line 10: `cb_push_back(1, 32)`)",
    ),
    "a page behind the last": (
        "01.1",
        "reader",
        (("read_page(i,", "read_page(i + 1,"),),
        "so the last is 0 (reader line 5: `noc_async_read_page(i + 1, source, get_write_ptr(0))`, with i = 0)",
    ),
    "a section that is not open": (
        "04b.1",
        "relu",
        (("tile_regs_release()", "tile_regs_commit()"),),
        "(relu line 14: `tile_regs_commit()`)",
    ),
    "a barrier for each stick": (
        "02.1",
        "stick_reader",
        (("            to +=", "            await noc_async_read_barrier()\n            to +="),),
        "NCRISC waits in noc_async_read_barrier 33 times, the reference once.",
    ),
    "an init hoisted out of the loop": (
        "06.3",
        "twice_the_square",
        (("        mul_init(c_0, c_0)\n", ""), ("    for ", "    mul_init(c_0, c_0)\n    for ")),
        "MATH carries out mul_tiles on 1 tile, the reference on 5: it is called as often, but the engine does what the last init "
        "says.",
    ),
    "operands exchanged": (
        "08.1",
        "center",
        (("sub_tiles_bcast(c_0, c_25, t, 0, 0", "sub_tiles_bcast(c_25, c_0, 0, t, 0"),),
        "the operands of sub_tiles_bcast, c_0 and c_25, stand the other way round than in the reference.",
    ),
    "an operand that the engine takes as its second": (
        "07.1",
        "mean",
        (("c_0, c_2, t, 0, 0", "c_0, c_2, 0, 0, 0"),),
        "reduce_tile reads 2 tiles of c_0, the reference 8 different ones.",
    ),
    "one page of the second tensor again and again": (
        "11.3",
        "pair_reader",
        (("(first + k, b,", "(first, b,"),),
        "NCRISC reads 5 pages of DRAM in 8 transfers, where the reference reads 8 different ones.",
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_the_line_or_the_difference_from_the_reference_is_told(name: str) -> None:
    exercise, function, edits, sentence = BESIDE[name]
    assert sentence in verdict(exercise, function, *edits).problem


def test_an_index_of_dst_that_runs_along_fails_at_the_ninth_tile() -> None:
    edits = (
        ("for _ in", "for i in"),
        ("copy_tile(c_0, 0, 0)", "copy_tile(c_0, 0, i)"),
        ("relu_tile(0)", "relu_tile(i)"),
        ("pack_tile(0", "pack_tile(i"),
    )
    assert verdict("04b.1", "relu", *edits).case == "twelve tiles through two"


def test_two_operands_that_change_places_fail_where_they_are_subtracted() -> None:
    edits = (
        ("get_write_ptr(0)", "get_write_ptr(9)"),
        ("get_write_ptr(1)", "get_write_ptr(0)"),
        ("get_write_ptr(9)", "get_write_ptr(1)"),
    )
    told = verdict("11.3", "pair_reader", *edits)
    assert told.case == "three blocks of eight, subtracted" and "the output is wrong" in told.problem


# ---- names ------------------------------------------------------------------------------------------------------------

DIMENSIONS = ("NONE", "COL", "ROW", "SCALAR")


@pytest.mark.parametrize("call", ["copy_tile", "reduce_tile", "matmul_tiles", "matmul_block", "tilize_block", "add_tiles",
                                  "mul_tiles_bcast_cols", "sub_reuse_dest_tiles", "binary_dest_reuse_tiles", "transpose_tile",
                                  "pack_untilize_block", "unary_bcast", "untilize_block", "reduce_block", "copy_block"])  # fmt: skip
def test_the_init_that_is_offered_exists(call: str) -> None:
    assert callable(vars(ttlearn.compute)[call])
    assert callable(vars(ttlearn.compute)[init_of(call)])


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_init_of_a_broadcast_is_the_one_that_its_call_names(dimension: str) -> None:
    init = init_of("mul_tiles_bcast", f"mul_tiles_bcast(a, b, 0, 0, 0, tBcastDim=BroadcastType.{dimension})")
    assert callable(vars(ttlearn.compute)[init])
    assert (dimension[:3].lower() in init) is (dimension != "NONE")


def test_no_init_is_offered_where_the_broadcast_is_not_told() -> None:
    assert init_of("mul_tiles_bcast", "mul_tiles_bcast(a, b, 0, 0, 0, tBcastDim=chosen)") == ""


def test_a_tilize_of_more_sticks_than_its_cb_has_is_told_beside_the_one_who_writes_there() -> None:
    x = np.zeros((32, 128), np.float32)
    with pytest.raises(tt.Violation) as caught:
        tt.generic_op(*affine.op(affine.affine_with(), x, table={4: 1}))
    text = str(caught.value)
    assert text.startswith("UNPACK (affine) reads page 0 of c_4 and 31 more at affine line ")
    assert ", but NCRISC (reader) writes page 0 of c_5 at reader line " in text
    assert text.endswith("; c_4 has 1 there: give c_4 room for 32 pages, or read only what it has waited for")
