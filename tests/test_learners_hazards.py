"""Hazards of learners' kernels whose cause lies elsewhere than where they are seen: the sentence leads to the cause.

Each is a reference answer with some of its text exchanged. Left out: the wording around the key sentence.
"""

from __future__ import annotations

import dis

import pytest
from programs import at, cb, launch
from test_hazards import refused
from test_learners_mistakes import Edit, verdict

from ttlearn.dataflow import (
    MEM_ZEROS_BASE,
    cb_push_back,
    cb_reserve_back,
    get_semaphore,
    get_write_ptr,
    tt_l1_ptr,
    uint32_t,
)
from ttlearn.debug.strict.trips import once, pointer_once
from ttlearn.sim.trace import Site

PUSHES_IN_A_TRIP = "; it moves on only with a push, so call it again in each trip"
LOOP = "    for i in range(get_arg_val(1)):\n"

HAZARDS: dict[str, tuple[str, str, tuple[Edit, ...], str]] = {
    "packed into the CB that it reads": (
        "04b.1",
        "relu",
        (("pack_tile(0, c_16)", "pack_tile(0, c_0)"),),
        "PACK (relu) has pushed it, at relu line 16: `cb_push_back(c_16, 1)`, but what it packs before that, at relu line 13: "
        "`pack_tile(0, c_0)`, goes to page 0 of c_0: is c_16 meant?",
    ),
    "nothing packed": (
        "04b.1",
        "relu",
        (("        pack_tile(0, c_16)\n", ""),),
        "PACK (relu) has pushed it all the same, at relu line 15: `cb_push_back(c_16, 1)`: it packs nothing into c_16 before "
        "that: let it pack what it pushes",
    ),
    "untilized the wrong way round": (
        "05.1",
        "untilize_row",
        (("pack_untilize_block(c_1, 1, c_16", "pack_untilize_block(c_16, 1, c_1"),),
        "goes to page 1 of c_1: is c_16 meant?",
    ),
    "one of two pointers taken before the loop": (
        "11.3",
        "pair_reader",
        (("    for first in", "    to = get_write_ptr(0)\n    for first in"), ("a, get_write_ptr(0) +", "a, to +")),
        "goes to page 0 of c_0: `get_write_ptr` is called once, at pair_reader line 5: `to = get_write_ptr(0)`, before the loop"
        + PUSHES_IN_A_TRIP,
    ),
    "the pointer taken before the loop": (
        "01.1",
        "reader",
        ((LOOP, f"    to = get_write_ptr(0)\n{LOOP}"), ("source, get_write_ptr(0))", "source, to)")),
        "it has pushed that page, at reader line 8: `cb_push_back(0, 1)`: `get_write_ptr` is called once, at reader line 3: "
        "`to = get_write_ptr(0)`, before the loop" + PUSHES_IN_A_TRIP,
    ),
    "a push for each part of a page": (
        "03.2",
        "restoring_reader",
        (
            (
                "        await noc_async_read_barrier()\n        cb_push_back",
                "            await noc_async_read_barrier()\n            cb_push_back",
            ),
        ),
        "NCRISC (restoring_reader) has pushed 2 pages of c_0 when it had reserved 1, at restoring_reader line 10: "
        "`cb_push_back(0, 1)`; the reserve, at restoring_reader line 5: `await cb_reserve_back(0, 1)`, stands before that loop: "
        "let both stand in the same loop",
    ),
    "the reserve before the loop": (
        "01.1",
        "reader",
        (("        await cb_reserve_back(0, 1)\n", ""), (LOOP, f"    await cb_reserve_back(0, 1)\n{LOOP}")),
        "at reader line 7: `cb_push_back(0, 1)`; the reserve, at reader line 3: `await cb_reserve_back(0, 1)`, stands before "
        "that loop: let both stand in the same loop",
    ),
    "the wait before the loop": (
        "04b.1",
        "relu",
        (("        await cb_wait_front(c_0, 1)\n", ""), ("    for _", "    await cb_wait_front(c_0, 1)\n    for _")),
        "it has given back what it waited for before, at relu line 15: `cb_pop_front(c_0, 1)`: it waits once, before the loop, at "
        "relu line 5: `await cb_wait_front(c_0, 1)`: let both stand in the loop, or both outside it",
    ),
    "sticks reserved before the loop": (
        "02.1",
        "stick_reader",
        (
            ("        await cb_reserve_back(0, 32)\n", ""),
            ("    for first", "    await cb_reserve_back(0, 32)\n    for first"),
        ),
        "it has pushed what it reserved before, at stick_reader line 10: `cb_push_back(0, 32)`: it reserves once, before the "
        "loop, at stick_reader line 3: `await cb_reserve_back(0, 32)`: reserve anew for each push",
    ),
    "sticks read on behind the CB": (
        "02.1",
        "stick_reader",
        (("        to = get_write_ptr(0)\n", ""), ("    for first", "    to = get_write_ptr(0)\n    for first")),
        "where no CB is, behind the end of c_0; `get_write_ptr` is called once, at stick_reader line 3: `to = get_write_ptr(0)`"
        ", before the loop" + PUSHES_IN_A_TRIP,
    ),
    "read to address 0": (
        "01.1",
        "reader",
        (("get_write_ptr(0))", "0)"),),
        "`noc_async_read_page(i, source, 0)` brings 2,048 bytes to L1 address 0, where no CB is; write to a page of a CB, which "
        "begins at `get_write_ptr(...)`",
    ),
    "committed twice": (
        "04b.1",
        "relu",
        (("tile_regs_release()", "tile_regs_commit()"),),
        "tile_regs_commit(): no section is open, the last was committed at relu line 11: `tile_regs_commit()`: committed once is "
        "enough; PACK gives its section back with tile_regs_release() (relu line 14: `tile_regs_commit()`)",
    ),
    "released twice": (
        "14.2",
        "add_bias",
        (("tile_regs_release()\n", "tile_regs_release()\n        tile_regs_release()\n"),),
        "no section is held, the last was released at add_bias line 11: `tile_regs_release()`: released once is enough (add_bias "
        "line 12: `tile_regs_release()`)",
    ),
    "a CB for a DST tile": (
        "04b.1",
        "relu",
        (("relu_tile(0)", "relu_tile(c_16)"),),
        "with 16-bit DST; c_16 is a CB, and a DST tile's index belongs there",
    ),
    "pack_tile's arguments swapped": (
        "04b.1",
        "relu",
        (("pack_tile(0, c_16)", "pack_tile(c_16, 0)"),),
        "(0 to 7); c_16 is a CB, and a DST tile's index belongs there: the order is pack_tile(DST tile, CB)",
    ),
}


@pytest.mark.parametrize("name", HAZARDS)
def test_the_sentence_leads_to_the_cause(name: str) -> None:
    exercise, function, edits, sentence = HAZARDS[name]
    assert sentence in verdict(exercise, function, *edits).problem


def test_a_dst_tile_behind_the_section_is_not_taken_for_the_cb_that_is_packed() -> None:
    problem = verdict("04b.1", "relu", ("pack_tile(0, c_16)", "pack_tile(16, c_16)")).problem
    assert "DST tile 16 does not exist" in problem
    assert "is a CB" not in problem


# ---- bytes outside CBs ----------------------------------------------------------------------------------------------


async def stores_behind() -> None:
    tt_l1_ptr(uint32_t, get_write_ptr(0))[32] = 7  # its one CB has 128 bytes


async def stores_into_firmware() -> None:
    tt_l1_ptr(uint32_t, MEM_ZEROS_BASE())[0] = 7


async def stores_a_semaphore() -> None:
    tt_l1_ptr(uint32_t, get_semaphore(3))[0] = 7


STEP = "; write to a page of a CB, which begins at `get_write_ptr(...)`"


def test_a_store_behind_the_last_cb_is_refused() -> None:
    said = refused(stores_behind, cbs=[cb(0, 2)])
    begin = f"NCRISC (stores_behind) writes at {at(stores_behind, '[32]')} to L1 address "
    assert said.startswith(begin)
    assert said.endswith(f", where no CB is, behind the end of c_0{STEP}")


def test_a_store_into_firmware_s_memory_is_refused() -> None:
    said = refused(stores_into_firmware, cbs=[cb(0, 2)])
    assert said.endswith(f" to L1 address 13344, where no CB is{STEP}")  # MEM_ZEROS_BASE in dev_mem_map.h


def test_a_store_into_a_semaphore_is_legal() -> None:
    launch(stores_a_semaphore, cbs=[cb(0, 2)])


# ---- before a loop --------------------------------------------------------------------------------------------------


async def in_two_loops() -> None:
    for _ in range(2):
        await cb_reserve_back(0, 1)
        for _ in range(2):
            get_write_ptr(0)
            cb_push_back(0, 1)
    while get_write_ptr(0) < 0:
        get_write_ptr(0)


def named(call: str, number: int = 0) -> Site:
    """Where `in_two_loops` names this call."""
    code = in_two_loops.__code__
    offset = [i.offset for i in dis.get_instructions(code) if i.argval == call][number]
    return Site(code, offset, code, offset)


def test_a_line_before_an_inner_loop_is_outside_of_it() -> None:
    reserve, push = named("cb_reserve_back"), named("cb_push_back")
    assert once(reserve, push)
    assert not once(push, reserve)
    assert not once(named("get_write_ptr"), push)


def test_a_pointer_that_each_trip_asks_for_is_not_stale() -> None:
    assert pointer_once("get_write_ptr", named("cb_push_back")) is None


def test_a_pointer_asked_for_before_the_loop_is_found() -> None:
    assert pointer_once("get_write_ptr", named("get_write_ptr", 2)) is None
    assert pointer_once("cb_reserve_back", named("cb_push_back")) == named("cb_reserve_back")
