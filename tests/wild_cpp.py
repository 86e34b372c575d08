"""Programs that hang, in C++ and in the style of the golden ones: a reader, a compute kernel and a writer, with one fault."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from correct import Program
from programs import TILE, cb
from wild import Wild

import ttlearn as tt
from ttlearn.cpp import read
from ttlearn.debug.hang.causes import Cause

READ = "noc_async_read(A.get_noc_addr(i), get_write_ptr({0}), 2048); noc_async_read_barrier();"
WRITE = "noc_async_write(get_read_ptr({0}), D.get_noc_addr(i), 2048); noc_async_write_barrier();"
GIVE = "cb_reserve_back({0}, 1);\n" + READ + "\ncb_push_back({0}, 1);"
TAKE = "cb_wait_front({0}, 1);\n" + WRITE + "\ncb_pop_front({0}, 1);"
TO_DST = "tile_regs_acquire(); copy_tile({0}, 0, 0); tile_regs_commit();"
FROM_DST = "tile_regs_wait(); pack_tile(0, {0}); tile_regs_release();"
START = "compute_kernel_hw_startup(0, 16); copy_init(0);"
SEMAPHORE = "(volatile tt_l1_ptr uint32_t*)get_semaphore({0})"
_numbers = itertools.count()


@dataclass(frozen=True)
class Kernel:
    """A text, the argument that says how often its loops go, and where it runs: numbers of cores in a row."""

    kind: str
    name: str
    body: str
    count: int = 4
    cores: Sequence[int] = (0,)
    counts: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def who(self) -> str:
        return self.name.removesuffix(".cpp")

    @property
    def text(self) -> str:
        tensor = {"reader": "A", "writer": "D"}.get(self.kind)
        accessor = f"constexpr auto args = TensorAccessorArgs<0>(); const auto {tensor} = TensorAccessor(args, get_arg_val<uint32_t>(0), 2048);"
        lines = ["uint32_t n = get_arg_val<uint32_t>(1);", *([accessor] if tensor else []), self.body]
        return f"void kernel_main() {{\n{textwrap.indent(chr(10).join(lines), '    ')}\n}}\n"

    def at(self, fragment: str, shown: str = "") -> str:
        """How a message names the one line with a fragment; `shown`: the call, if it stands alone there."""
        found = [(k, line) for k, line in enumerate(self.text.splitlines(), 1) if fragment in line]
        assert len(found) == 1, found
        return f"{self.name} line {found[0][0]}: `{shown or found[0][1].strip()}`"

    def line(self, fragment: str) -> str:
        return "line " + self.at(fragment).partition(" line ")[2].partition(":")[0]


def reader(body: str = "", **more: Any) -> Kernel:
    return Kernel("reader", f"rd_{next(_numbers)}.cpp", body or loop(GIVE.format(0)), **more)


def writer(body: str = "", **more: Any) -> Kernel:
    return Kernel("writer", f"wr_{next(_numbers)}.cpp", body or loop(TAKE.format(16)), **more)


def compute(body: str, **more: Any) -> Kernel:
    return Kernel("compute", f"cp_{next(_numbers)}.cpp", body, **more)


def loop(body: str) -> str:
    return "for (uint32_t i = 0; i < n; i++) {\n" + textwrap.indent(body, "    ") + "\n}"


def program(kernels: Sequence[Kernel], cbs: Mapping[int, int], semaphores: int = 0, output: int = 4) -> Program:
    """Eight tiles in, `output` out; CB -> pages."""
    on = [tt.from_numpy([[k + 1.0] * 1024 for k in range(8)]), tt.allocate_tensor_on_device((output, 1024))]
    places = tt.core_set(*sorted({(x, 0) for kernel in kernels for x in kernel.cores}))
    return on, tt.ProgramDescriptor(
        [_descriptor(kernel, on) for kernel in kernels],
        [cb(index, pages, TILE, places) for index, pages in cbs.items()],
        [tt.SemaphoreDescriptor(number, places, 0) for number in range(semaphores)],
    )


def _descriptor(kernel: Kernel, on: list[tt.Tensor]) -> tt.KernelDescriptor:
    tensor = on[kernel.kind == "writer"]
    configs = {"reader": tt.ReaderConfigDescriptor, "writer": tt.WriterConfigDescriptor}
    config: Any = configs.get(kernel.kind, tt.ComputeConfigDescriptor)()
    words = tt.TensorAccessorArgs(tensor).get_compile_time_args()
    given = [((x, 0), [tensor.buffer_address(), *kernel.counts.get(x, [kernel.count])]) for x in kernel.cores]
    source: Any = read(kernel.text, kernel.kind, name=kernel.name)
    return tt.KernelDescriptor(source, tt.core_set(*((x, 0) for x in kernel.cores)), config, words, given)


IN_CPP: list[Callable[[], Wild]] = []
wild = IN_CPP.append
THROUGH = {0: 2, 16: 2}


# ---- the engine, in a circle with those who wait for it ---------------------------------------------------------

TWO_PHASES = f"""{START}
for (uint32_t i = 0; i < n; i++) {{
    cb_wait_front(0, 1);
    {TO_DST.format(0)}
    cb_pop_front(0, 1);
    cb_reserve_back(1, 1);
    {FROM_DST.format(1)}
    cb_push_back(1, 1);
    cb_wait_front(1, 1);
    {TO_DST.format(1)}
    cb_pop_front(1, 1);
    cb_reserve_back(16, 1);
    {FROM_DST.format(16)}
    cb_push_back(16, 1);
}}"""


PASS = f"{START}\n" + loop(
    f"cb_wait_front(0, 1);\n{TO_DST.format(0)}\ncb_pop_front(0, 1);\ncb_reserve_back(16, 1);\n{FROM_DST.format(16)}\ncb_push_back(16, 1);"
)


@wild
def the_second_phase_never_commits() -> Wild:
    cp = compute(TWO_PHASES.replace("copy_tile(1, 0, 0); tile_regs_commit();", "copy_tile(1, 0, 0);"))
    waits, opens = cp.at("pack_tile(0, 1);", "tile_regs_wait()"), cp.at("copy_tile(1, 0, 0)")
    sentence = f"PACK stalls in tile_regs_wait at {waits}: no DST section is committed, and MATH makes too few tile_regs_commit() "
    sentence += (
        "(calls in all: acquire 8, commit 4, wait 8, release 8); none follows tile_regs_acquire() at "
        + cp.line("copy_tile(1")
    )
    advice = "call tile_regs_commit() after the last operation of a section, once for each tile_regs_acquire()"
    made = program([reader(), writer(), cp], {**THROUGH, 1: 2})
    return Wild(made, Cause.DST_MISUSE, sentence, (waits, opens), advice)


MEAN = """compute_kernel_hw_startup(0, 1, 16);
cb_wait_front(1, 1);
for (uint32_t i = 0; i < n; i++) {
    cb_wait_front(0, 1);
    reduce_init<PoolType::SUM, ReduceDim::REDUCE_ROW>(0, 1, 2);
    tile_regs_acquire(); reduce_tile<PoolType::SUM, ReduceDim::REDUCE_ROW>(0, 1, 0, 0, 0); tile_regs_commit();
    cb_reserve_back(2, 1); tile_regs_wait(); pack_tile(0, 2); tile_regs_release(); cb_push_back(2, 1);
    reduce_uninit(0);
    cb_wait_front(2, 1);
    sub_bcast_cols_init(0, 2);
    tile_regs_acquire(); sub_tiles_bcast_cols(0, 2, 0, 0, 0); tile_regs_commit();
    cb_pop_front(0, 1); cb_pop_front(2, 1);
    cb_reserve_back(16, 1); tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
}
cb_pop_front(1, 1);"""
WITH_SCALER = GIVE.format(1).replace("(i)", "(0)") + "\n" + loop(GIVE.format(0))
MEANS = {0: 2, 1: 1, 2: 1, 16: 2}


@wild
def the_second_init_of_a_trip_is_missing() -> Wild:
    cp = compute(MEAN.replace("    sub_bcast_cols_init(0, 2);\n", ""))
    stalls = cp.at("sub_tiles_bcast_cols", "sub_tiles_bcast_cols(0, 2, 0, 0, 0)")
    sentence = f"MATH stalls in sub_tiles_bcast_cols at {stalls}: its operands do not come, UNPACK has given fewer than MATH's program "
    sentence += "takes; the engine is programmed for another operation (the init before it is `reduce_init(0, 1, 2, "
    sentence += f"reduce_type=PoolType.SUM, reduce_dim=ReduceDim.REDUCE_ROW)`, {cp.line('reduce_init')})"
    advice = "call sub_bcast_cols_init(c_0, c_2) before sub_tiles_bcast_cols"
    made = program([reader(WITH_SCALER), writer(), cp], MEANS)
    return Wild(made, Cause.WRONG_OPERATION, sentence, (stalls, cp.at("reduce_init")), advice)


@wild
def each_trip_needs_both_inits() -> Wild:
    body = MEAN.replace("    sub_bcast_cols_init(0, 2);\n", "").replace("    reduce_uninit(0);\n", "")
    body = body.replace("    reduce_init<PoolType::SUM, ReduceDim::REDUCE_ROW>(0, 1, 2);\n", "")
    body = body.replace("reduce_tile<PoolType::SUM, ReduceDim::REDUCE_ROW>", "mul_tiles").replace(
        "sub_tiles_bcast_cols(0, 2", "add_tiles(0, 2"
    )
    cp = compute(body.replace("cb_wait_front(1, 1);\n", "mul_init(0, 1);\ncb_wait_front(1, 1);\n", 1))
    stalls = cp.at("add_tiles", "add_tiles(0, 2, 0, 0, 0)")
    sentence = f"UNPACK stalls in add_tiles at {stalls}: SrcA and SrcB are full, and MATH takes no more of them; the engine is "
    sentence += f"programmed for another operation (the init before it is `mul_init(0, 1)`, {cp.line('mul_init')})"
    advice = "call add_init(c_0, c_2) before add_tiles, and mul_init again before mul_tiles in each trip"
    made = program([reader(WITH_SCALER), writer(), cp], MEANS)
    return Wild(made, Cause.WRONG_OPERATION, sentence, (stalls, cp.at("mul_init")), advice)


# ---- counts ---------------------------------------------------------------------------------------------------


@wild
def the_packer_pushes_nothing_and_its_ring_is_short() -> Wild:
    cp = compute(TWO_PHASES.replace("    cb_push_back(1, 1);\n", ""))
    waits, reserves = cp.at("cb_wait_front(1, 1)", "cb_wait_front(1, 1)"), cp.at("cb_reserve_back(1, 1)")
    sentence = f"UNPACK waits in cb_wait_front(c_1, 1) at {waits}, but no kernel of this core ever pushes c_1: cb_push_back(c_1, …) "
    sentence += f"is missing; PACK ({cp.who}) reserves its pages ({cp.line('cb_reserve_back(1, 1)')}) and hands none on"
    advice = f"let PACK ({cp.who}) push c_1 after it has filled what it reserves at {cp.line('cb_reserve_back(1, 1)')}"
    made = program([reader(), writer(), cp], {**THROUGH, 1: 2})
    return Wild(made, Cause.NEVER_PRODUCED, sentence, (waits, reserves), advice)


@wild
def another_number_is_pushed_than_reserved() -> Wild:
    cp = compute(TWO_PHASES.replace("cb_push_back(1, 1)", "cb_push_back(2, 1)"))
    waits = cp.at("cb_wait_front(1, 1)", "cb_wait_front(1, 1)")
    sentence = f"UNPACK waits in cb_wait_front(c_1, 1) at {waits}, but no kernel of this core ever pushes c_1: cb_push_back(c_1, …) "
    sentence += f"is missing; PACK ({cp.who}) reserves it and pushes c_2 ({cp.line('cb_push_back(2')}), which it never reserves: c_1 may "
    sites = (waits, cp.at("cb_reserve_back(1, 1)"), cp.at("cb_push_back(2"))
    advice = f"name c_1 instead of c_2 at {cp.line('cb_push_back(2')}"
    made = program([reader(), writer(), cp], {**THROUGH, 1: 2, 2: 2})
    return Wild(made, Cause.NEVER_PRODUCED, sentence + "be meant there", sites, advice)


@wild
def waits_that_grow_beyond_the_ring() -> Wild:
    body = f"""{START}
{loop(f"cb_wait_front(0, i + 1);{chr(10)}{TO_DST.format(0)}{chr(10)}cb_reserve_back(16, 1);{chr(10)}{FROM_DST.format(16)}{chr(10)}cb_push_back(16, 1);")}
cb_pop_front(0, n);"""
    cp = compute(body)
    waits = cp.at("cb_wait_front", "cb_wait_front(0, i + 1)")
    sentence = f"UNPACK asks for 3 pages of c_0, which has 2, at {waits}: it can never have them"
    made = program([reader(), writer(), cp], THROUGH)
    return Wild(made, Cause.REQUEST_TOO_LARGE, sentence, (waits,), "raise c_0 from 2 to 4 pages")


@wild
def more_is_asked_for_at_a_time_than_ever_comes() -> Wild:
    body = MEAN.replace("cb_wait_front(1, 1);\n", "cb_wait_front(1, n);\n", 1)
    cp = compute(body.replace("}\ncb_pop_front(1, 1);", "}\ncb_pop_front(1, n);"))
    rd = reader(WITH_SCALER)
    waits, push = cp.at("cb_wait_front(1, n)", "cb_wait_front(1, n)"), rd.at("cb_push_back(1, 1)")
    sentence = f"UNPACK asks for 4 pages of c_1, which has 1, at {waits}: it can never have them; NCRISC ({rd.who}) pushes only "
    sentence += f"1 page in all ({rd.line('cb_push_back(1, 1)')})"
    made = program([rd, writer(), cp], MEANS)
    return Wild(made, Cause.REQUEST_TOO_LARGE, sentence, (waits, push), "ask for at most 1 at a time")


@wild
def the_writer_alone_wants_more() -> Wild:
    rd, wr, cp = reader(count=3), writer(), compute(PASS, count=3)
    waits, push = wr.at("cb_wait_front", "cb_wait_front(16, 1)"), cp.at("cb_push_back")
    sentence = f"PACK ({cp.who}), the producer of c_16, finished after it pushed 3 pages; BRISC waits for a 4th at {waits}; NCRISC "
    sentence += f"({rd.who}) brings as many, 3 pages of c_0 ({rd.line('cb_push_back')}): only BRISC ({wr.who}) wants 4"
    advice = f"let BRISC ({wr.who}) pop 3 of c_16 instead of 4; or let NCRISC ({rd.who}) push 4 of c_0, and PACK ({cp.who}) 4 of c_16"
    return Wild(program([rd, wr, cp], THROUGH), Cause.PRODUCER_SHORT, sentence, (waits, push), advice)


@wild
def two_credits_are_taken_and_one_is_given() -> Wild:
    rd = reader(loop(GIVE.format(0) + "\ncb_wait_front(1, 2);\ncb_pop_front(1, 2);"))
    cp = compute(
        PASS.replace(
            "cb_push_back(16, 1);", "cb_push_back(16, 1);\n    cb_reserve_back(1, 1);\n    cb_push_back(1, 1);"
        )
    )
    waits, push = rd.at("cb_wait_front(1, 2)", "cb_wait_front(1, 2)"), cp.at("cb_push_back(1, 1)")
    sentence = f"a circle of waits: NCRISC waits in cb_wait_front(c_1, 2) at {waits}, and whoever could help waits, through others, for "
    sentence += f"NCRISC; in all PACK ({cp.who}) pushes 4 pages of c_1 ({cp.line('cb_push_back(1, 1)')}), and NCRISC ({rd.who}) pops 8"
    circle = [cp.at(FROM_DST.format(16), "tile_regs_wait()"), cp.at(TO_DST.format(0), "copy_tile(0, 0, 0)")]
    sites = (waits, *circle, cp.at("cb_wait_front(0, 1)", "cb_wait_front(0, 1)"), push)
    advice = f"let NCRISC ({rd.who}) wait for and pop 4 of c_1 in all, or let PACK ({cp.who}) push 8"
    made = program([rd, writer(), cp], {**THROUGH, 1: 2})
    return Wild(made, Cause.CIRCLE, sentence, sites, advice)


# ---- semaphores -----------------------------------------------------------------------------------------------

INC = "noc_semaphore_inc(get_noc_addr({0}, 18, get_semaphore(0)), 1);\nnoc_async_atomic_barrier();"
AWAIT = f"noc_semaphore_wait({SEMAPHORE.format(0)}, 1);"


@wild
def it_clears_what_had_come() -> Wild:
    slow = "for (uint32_t i = 0; i < 8; i++) { noc_async_read(A.get_noc_addr(i), get_write_ptr(0), 2048); noc_async_read_barrier(); }"
    rv = reader(f"{slow}\nnoc_semaphore_set({SEMAPHORE.format(0)}, 0);\n{AWAIT}", cores=[1])
    waits, clears = rv.at("noc_semaphore_wait", AWAIT.rstrip(";")), rv.at("noc_semaphore_set")
    sentence = f"NCRISC of core (1, 0) waits at {waits} until semaphore 0 is 1, and it stays 0: it sets it back itself before that, "
    sentence += f"at {clears}, and lost 1 that had come by then"
    advice = f"leave out the noc_semaphore_set at {rv.line('noc_semaphore_set')}: semaphore 0 begins at 0, as the program describes it"
    made = program([reader(INC.format(19)), rv], {0: 1}, semaphores=1)
    return Wild(made, Cause.SEMAPHORE, sentence, (waits, clears), advice)


@wild
def a_later_flag_is_cleared_before_its_wait() -> Wild:
    flag = "noc_semaphore_set_multicast(get_semaphore(0), get_noc_multicast_addr(19, 18, 20, 18, get_semaphore(0)), 2);"
    sd = reader(f"noc_semaphore_set({SEMAPHORE.format(0)}, 1);\n{loop(flag + ' noc_async_write_barrier();')}", count=2)
    clears = f"noc_semaphore_set({SEMAPHORE.format(0)}, 0);"
    slow = "for (uint32_t k = 0; k < 8; k++) { noc_async_read(A.get_noc_addr(k), get_write_ptr(0), 2048); noc_async_read_barrier(); }"
    rv = reader(loop(f"{AWAIT}\n{slow}\n{clears}"), cores=[1, 2], count=2)
    waits, own = rv.at("noc_semaphore_wait", AWAIT.rstrip(";")), rv.at(clears)
    sentence = f"NCRISC of core (1, 0) waits at {waits} until semaphore 0 is 1, and it stays 0: NCRISC ({sd.who}) of core (0, 0) "
    sentence += f"has set it, at {sd.at(flag)}, while it still was 1, so that two signals were seen as one; it is set back at {own}"
    advice = f"let NCRISC ({sd.who}) wait, before it sends the next, for a semaphore that says that the last was seen; or let both "
    advice += "count on, with noc_semaphore_inc and noc_semaphore_wait_min for 1, then 2"
    made = program([sd, rv], {0: 1}, semaphores=1)
    return Wild(made, Cause.SEMAPHORE, sentence, (waits, sd.at(flag), own), advice)


CHAIN = f"""uint32_t next = get_arg_val<uint32_t>(2), first = get_arg_val<uint32_t>(3), last = get_arg_val<uint32_t>(4);
if (!first) {{
    {AWAIT}
}}
if (!last) {{
    noc_semaphore_inc(get_noc_addr(next, 18, get_semaphore(0)), 1);
    noc_async_atomic_barrier();
}}"""


def chain(*told: tuple[int, int, int]) -> Kernel:
    return reader(CHAIN, cores=range(len(told)), counts={x: [0, *given] for x, given in enumerate(told)})


@wild
def one_of_a_chain_is_told_that_it_is_the_last() -> Wild:
    rd = chain((19, 1, 0), (20, 0, 1), (21, 0, 0), (0, 0, 1))
    waits, sends = rd.at("noc_semaphore_wait", AWAIT.rstrip(";")), rd.at("noc_semaphore_inc")
    sentence = f"NCRISC of core (2, 0) waits at {waits} until semaphore 0 is 1, and it stays 0: nobody changes that of core (2, 0); "
    sentence += f"NCRISC ({rd.who}), at {sends}, changes that of cores (1, 0), (3, 0); cores (1, 0), (3, 0) run the same kernel and "
    advice = f"look at the runtime arguments of NCRISC ({rd.who}): one core should change that of core (2, 0); or do not wait for it there"
    return Wild(program([rd], {0: 1}, 1), Cause.SEMAPHORE, sentence + "change none", (waits, sends), advice)


@wild
def nobody_of_a_ring_begins() -> Wild:
    rd = chain((19, 0, 0), (20, 0, 0), (18, 0, 0))
    waits, sends = rd.at("noc_semaphore_wait", AWAIT.rstrip(";")), rd.at("noc_semaphore_inc")
    sentence = f"on core (0, 0), a circle of waits: NCRISC waits in noc_semaphore_wait(semaphore 0, 1) at {waits}, and whoever could "
    at, there = rd.line("noc_semaphore_inc"), rd.line("noc_semaphore_wait")
    advice = f"let NCRISC ({rd.who}) of core (2, 0) call noc_semaphore_inc ({at}) before it waits at {there}"
    made = program([rd], {0: 1}, 1)
    return Wild(made, Cause.CIRCLE, sentence + "help waits, through others, for NCRISC", (waits, sends), advice)


@wild
def a_push_on_another_core() -> Wild:
    sends = "uint32_t l1 = get_write_ptr(0);\nnoc_async_read(A.get_noc_addr(0), l1, 2048); noc_async_read_barrier();\n"
    sends += "noc_async_write(l1, get_noc_addr(19, 18, l1), 2048); noc_async_write_barrier();\ncb_push_back(0, 1);"
    sd, rv = reader(sends), writer(TAKE.format(0).replace("(i)", "(0)"), cores=[1])
    waits, push = rv.at("cb_wait_front", "cb_wait_front(0, 1)"), sd.at("cb_push_back")
    sentence = (
        f"BRISC of core (1, 0) waits in cb_wait_front(c_0, 1) at {waits}, but no kernel of this core ever pushes c_0: "
    )
    sentence += f"cb_push_back(c_0, …) is missing; NCRISC ({sd.who}) of core (0, 0) writes to this core and pushes c_0 of its own "
    sentence += f"({push.partition(':')[0]}): a push is seen on its own core only"
    advice = (
        f"let BRISC ({rv.who}) wait for a semaphore instead, which NCRISC ({sd.who}) increments after its write barrier"
    )
    return Wild(program([sd, rv], {0: 1}), Cause.NEVER_PRODUCED, sentence, (waits, push), advice)
