"""C++ programs that finish: some do other than their calls say, some break a rule, and some only look odd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from correct import Program
from programs import TILE
from wild_cpp import (
    FROM_DST,
    GIVE,
    MEAN,
    MEANS,
    PASS,
    TAKE,
    THROUGH,
    TO_DST,
    TWO_PHASES,
    WITH_SCALER,
    Kernel,
    compute,
    loop,
    program,
    reader,
    writer,
)

import ttlearn as tt


@dataclass(frozen=True)
class Hinted:
    """A program, what `check` says of it, and the line."""

    program: Program
    sentence: str
    line: str


@dataclass(frozen=True)
class Refused:
    """A program, and what strict mode says."""

    program: Program
    sentence: str


@dataclass(frozen=True)
class Hung:
    """A program, what `check` says of it, and the lines."""

    program: Program
    sentence: str
    lines: tuple[str, ...]


HANGS: list[Callable[[], Hung]] = []
HINTS: list[Callable[[], Hinted]] = []
REFUSED: list[Callable[[], Refused]] = []
CLEAN: list[Callable[[], Program]] = []

WITH_ONE = {**THROUGH, 1: 2}
BOTH = loop(GIVE.format(0) + "\n" + GIVE.format(1))


def two_operands(init: str, call: str) -> Kernel:
    """c_0 and c_1 to c_16, a tile at a time."""
    body = f"""cb_wait_front(0, 1); cb_wait_front(1, 1);
tile_regs_acquire(); {call}(0, 1, 0, 0, 0); tile_regs_commit();
cb_pop_front(0, 1); cb_pop_front(1, 1);
cb_reserve_back(16, 1);
{FROM_DST.format(16)}
cb_push_back(16, 1);"""
    return compute(f"compute_kernel_hw_startup(0, 1, 16); {init}(0, 1);\n{loop(body)}")


def in_format(made: Program, formats: Mapping[int, tt.DataType]) -> Program:
    """The same program with some CBs in another format, their pages as long as its tiles."""
    tensors, descriptor = made
    for described in descriptor.cbs:
        form = described.format_descriptors[0]
        if form.buffer_index in formats:
            pages, dtype = described.total_size // TILE, formats[form.buffer_index]
            page = tt.CBFormatDescriptor(form.buffer_index, dtype, 2 * TILE)
            descriptor.cbs[descriptor.cbs.index(described)] = tt.CBDescriptor(
                2 * TILE * pages, described.core_ranges, [page]
            )
    return tensors, descriptor


# ---- what is programmed is not what is called -------------------------------------------------------------------


@HINTS.append
def a_copy_under_the_name_of_a_sum() -> Hinted:
    cp = two_operands("copy_init", "add_tiles")
    cp = compute(cp.body.replace("copy_init(0, 1)", "copy_init(0)"))
    made = program([reader(BOTH), writer(), cp], WITH_ONE)
    sentence = "add_tiles runs what another operation's init has programmed, copy: add_init has to come before it"
    return Hinted(made, sentence, cp.at("add_tiles", "add_tiles(0, 1, 0, 0, 0)"))


@HINTS.append
def a_row_broadcast_under_the_name_of_a_product() -> Hinted:
    cp = two_operands("mul_bcast_rows_init", "mul_tiles")
    made = program([reader(BOTH), writer(), cp], WITH_ONE)
    sentence = "mul_tiles runs what another operation's init has programmed, mul, row broadcast: mul_init has to come before it"
    return Hinted(made, sentence, cp.at("mul_tiles", "mul_tiles(0, 1, 0, 0, 0)"))


@HINTS.append
def the_mask_of_a_reduce_is_left_on() -> Hinted:
    cp = compute(MEAN.replace("    reduce_uninit(0);\n", ""))
    made = program([reader(WITH_SCALER), writer(), cp], MEANS)
    sentence = "pack_tile: the packer still has reduce's mask, which keeps a part of each face and makes the rest 0; reduce_uninit "
    return Hinted(made, sentence + "has to come before it", cp.at("pack_tile(0, 16)", "pack_tile(0, 16)"))


@HINTS.append
def nothing_is_computed() -> Hinted:
    cp = compute(PASS.replace("copy_tile(0, 0, 0); ", ""))
    sentence = "pack_tile: DST tile 0 is packed, and nothing between tile_regs_acquire and tile_regs_commit writes it: it holds zeros"
    return Hinted(program([reader(), writer(), cp], THROUGH), sentence, cp.at("pack_tile", "pack_tile(0, 16)"))


@HINTS.append
def an_exponential_without_its_constants() -> Hinted:
    cp = compute(PASS.replace("copy_tile(0, 0, 0);", "copy_tile(0, 0, 0); exp_tile(0);"))
    sentence = (
        "exp_tile_init is never called; on the chip it loads the constants of exp_tile, which the model does without: "
    )
    return Hinted(program([reader(), writer(), cp], THROUGH), f"{sentence}call it before exp_tile", cp.at("exp_tile"))


# ---- hangs of which strict mode tells a hazard first ---------------------------------------------------------------


@HANGS.append
def the_first_trip_does_not_wait() -> Hung:
    rd = reader()
    cp = compute(PASS.replace("cb_wait_front(0, 1);", "if (i > 0) { cb_wait_front(0, 1); }"))
    full, pop, wait = rd.at("cb_reserve_back", "cb_reserve_back(0, 1)"), cp.at("cb_pop_front"), cp.at("cb_wait_front")
    sentence = f"UNPACK ({cp.who}) has popped 4 pages of c_0 ({cp.line('cb_pop_front')}) when 1 page was pushed, so by its counters c_0 "
    sentence += f"has no room, and NCRISC waits in cb_reserve_back(c_0, 1) at {full}; UNPACK ({cp.who}) waits for it only where i > 0 "
    made = program([rd, writer(), cp], THROUGH)
    return Hung(made, f"{sentence}({cp.line('cb_wait_front')})", (full, pop, wait))


@HANGS.append
def the_writer_takes_what_the_compute_kernel_takes() -> Hung:
    wr, cp = writer(loop(TAKE.format(0))), compute(PASS)
    full, pops, own = cp.at("cb_reserve_back", "cb_reserve_back(16, 1)"), wr.at("cb_pop_front"), cp.at("cb_pop_front")
    sentence = f"PACK waits in cb_reserve_back(c_16, 1) at {full}, but no kernel of this core ever pops c_16: cb_pop_front(c_16, …) is "
    sentence += f"missing; BRISC ({wr.who}) pops c_0 ({wr.line('cb_pop_front')}), which UNPACK ({cp.who}) pops, too, and only one may: "
    return Hung(program([reader(), wr, cp], THROUGH), sentence + "c_16 may be meant", (full, pops, own))


# ---- hazards ----------------------------------------------------------------------------------------------------


@REFUSED.append
def half_of_a_page_is_read() -> Refused:
    rd = reader(loop(GIVE.format(0).replace("2048", "1024")))
    cp = compute(PASS)
    sentence = f"page 0 of the output holds inf or NaN that comes from poison: UNPACK ({cp.who}) read bytes 1024 to 2047 of page 0 of c_0 "
    sentence += f"at {cp.at('copy_tile', 'copy_tile(0, 0, 0)')}, which nobody had written; NCRISC ({rd.who}) has pushed it all the same, "
    sentence += f"at {rd.at('cb_push_back', 'cb_push_back(0, 1)')}: let it push a page when that is filled"
    return Refused(program([rd, writer(), cp], THROUGH), sentence)


@REFUSED.append
def the_packer_keeps_the_format_of_the_first_output() -> Refused:
    body = TWO_PHASES.replace(
        "cb_push_back(1, 1);", "cb_push_back(1, 1);\n    reconfig_data_format_srca(1); copy_init(1);"
    )
    cp = compute(
        body.replace("cb_push_back(16, 1);", "cb_push_back(16, 1);\n    reconfig_data_format_srca(0); copy_init(0);")
    )
    made = in_format(program([reader(), writer(), cp], WITH_ONE), {1: tt.float32})
    sentence = f"page 0 of the output holds inf or NaN that comes from poison: UNPACK ({cp.who}) read bytes 2048 to 4095 of page 0 of c_1 "
    sentence += f"at {cp.at('copy_tile(1', 'copy_tile(1, 0, 0)')}, which nobody had written; PACK ({cp.who}) has pushed it all the same, "
    sentence += f"at {cp.at('cb_push_back(1, 1)', 'cb_push_back(1, 1)')}: the packer makes bfloat16 tiles of 2,048 bytes, and c_1 holds "
    return Refused(made, sentence + "float32, 4,096 bytes each: call pack_reconfig_data_format(c_1) before")


@REFUSED.append
def only_the_first_trip_reserves() -> Refused:
    rd = reader(loop(GIVE.format(0).replace("cb_reserve_back(0, 1);", "if (i == 0) { cb_reserve_back(0, 1); }")))
    sentence = f"NCRISC ({rd.who}) writes page 0 of c_0 at {rd.at('noc_async_read(A', 'noc_async_read(A.get_noc_addr(i), get_write_ptr(0), 2048)')}, "
    sentence += f"but it has pushed the page of the trip before, at {rd.at('cb_push_back', 'cb_push_back(0, 1)')}, and this trip reserves "
    sentence += (
        f"for none: let cb_reserve_back, at {rd.at('cb_reserve_back', 'cb_reserve_back(0, 1)')}, come in each trip"
    )
    return Refused(program([rd, writer(), compute(PASS)], THROUGH), sentence)


@REFUSED.append
def one_operand_is_popped_twice() -> Refused:
    cp = two_operands("add_init", "add_tiles")
    cp = compute(cp.body.replace("cb_pop_front(0, 1); cb_pop_front(1, 1);", "cb_pop_front(1, 1); cb_pop_front(1, 1);"))
    sentence = f"UNPACK ({cp.who}) reads page 0 of c_1 at {cp.at('add_tiles', 'add_tiles(0, 1, 0, 0, 0)')}, which it has given back: with "
    sentence += f"the pop at {cp.at('cb_pop_front', 'cb_pop_front(1, 1)')} it has popped 2 pages of c_1 when it had waited for 1; pop "
    return Refused(program([reader(BOTH), writer(), cp], WITH_ONE), sentence + "each page once, after its last use")


# ---- correct ----------------------------------------------------------------------------------------------------


@CLEAN.append
def flushed_page_by_page() -> Program:
    body = """cb_wait_front(16, 1);
noc_async_write(get_read_ptr(16), D.get_noc_addr(i), 2048); noc_async_writes_flushed();
cb_pop_front(16, 1);"""
    return program([reader(), writer(loop(body) + "\nnoc_async_write_barrier();"), compute(PASS)], THROUGH)


@CLEAN.append
def a_sum_that_goes_round_in_one_page() -> Program:
    packed = "cb_reserve_back(24, 1); tile_regs_wait(); pack_tile(0, 24); tile_regs_release(); cb_push_back(24, 1);"
    added = f"""add_init(0, 24);
cb_wait_front(0, 1); cb_wait_front(24, 1);
tile_regs_acquire(); add_tiles(0, 24, 0, 0, 0); tile_regs_commit();
cb_pop_front(0, 1); cb_pop_front(24, 1);
{packed}"""
    body = f"""compute_kernel_hw_startup(0, 24, 16); copy_init(0);
cb_wait_front(0, 1);
{TO_DST.format(0)}
cb_pop_front(0, 1);
{packed}
{loop(added).replace("i = 0", "i = 1")}
copy_init(24); cb_wait_front(24, 1);
{TO_DST.format(24)}
cb_pop_front(24, 1);
cb_reserve_back(16, 1);
{FROM_DST.format(16)}
cb_push_back(16, 1);"""
    return program([reader(), writer(count=1), compute(body)], {**THROUGH, 24: 1}, output=1)


@CLEAN.append
def credits_that_carry_no_data() -> Program:
    rd = reader(loop("cb_wait_front(1, 1);\n" + GIVE.format(0) + "\ncb_pop_front(1, 1);"))
    body = PASS.replace("for (", "cb_reserve_back(1, 1); cb_push_back(1, 1);\nfor (")
    more = "cb_push_back(16, 1);\n    if (i + 1 < n) { cb_reserve_back(1, 1); cb_push_back(1, 1); }"
    return program([rd, writer(), compute(body.replace("cb_push_back(16, 1);", more))], WITH_ONE)


@CLEAN.append
def a_core_without_work() -> Program:
    counts = {0: [4], 1: [0]}
    made = [
        reader(cores=[0, 1], counts=counts),
        writer(cores=[0, 1], counts=counts),
        compute(PASS, cores=[0, 1], counts=counts),
    ]
    return program(made, THROUGH)


@CLEAN.append
def a_mean_that_is_taken_away() -> Program:
    return program([reader(WITH_SCALER), writer(), compute(MEAN)], MEANS)


@CLEAN.append
def each_operand_with_its_own_format() -> Program:
    body = TWO_PHASES.replace(
        "    cb_reserve_back(1, 1);", "    pack_reconfig_data_format(16, 1); cb_reserve_back(1, 1);"
    )
    body = body.replace(
        "cb_push_back(1, 1);", "cb_push_back(1, 1);\n    reconfig_data_format_srca(0, 1); copy_init(1);"
    )
    body = body.replace("    cb_reserve_back(16, 1);", "    pack_reconfig_data_format(1, 16); cb_reserve_back(16, 1);")
    body = body.replace(
        "cb_push_back(16, 1);", "cb_push_back(16, 1);\n    reconfig_data_format_srca(1, 0); copy_init(0);"
    )
    return in_format(program([reader(), writer(), compute(body)], WITH_ONE), {1: tt.float32})
