"""What every kernel may call, on a data-movement RISC or in the compute engine: arguments, CBs, prints.

The names and argument orders are TT-Metal's (api/dataflow/dataflow_api.h, api/compute/cb_api.h). In a
compute kernel each RISC does its own part: UNPACK waits and pops, PACK reserves and pushes, MATH has no
part in a CB. Left out: object forms (`CircularBuffer`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import KernelError
from .sim.sched import Risc
from .sim.trisc import Trisc
from .sim.waits import History, NoWait, Wait, now
from .sim.work import Kind

__all__ = [
    "DPRINT",
    "cb_pages_available_at_front",
    "cb_pages_reservable_at_back",
    "cb_pop_front",
    "cb_push_back",
    "cb_reserve_back",
    "cb_wait_front",
    "get_arg_val",
    "get_common_arg_val",
    "get_compile_time_arg_val",
    "get_named_compile_time_arg_val",
]


def running(call: str) -> Any:
    """The RISC that runs now; an error outside a kernel."""
    risc = now.risc
    if risc is None:
        raise KernelError(
            f"{call} works only inside a running kernel: put it into an `async def` function, "
            "name that function in a KernelDescriptor and run it with generic_op"
        )
    return risc


def integer(call: str, name: str, value: Any) -> int:
    try:
        number: int = value.__index__()
    except AttributeError:
        raise KernelError(f"{call}: {name} must be a whole number, not {value!r}") from None
    if number < 0:
        raise KernelError(f"{call}: {name} is {number}; it must not be negative")
    return number


# ---- arguments --------------------------------------------------------------------------------------------

MOST_ARGUMENTS = 341  # words of one kind that a kernel may have (W)


def _argument(call: str, values: list[int], index: int, where: str) -> int:
    if not 0 <= integer(call, "the index", index) < len(values):
        risc = now.risc
        have = f"{len(values)} {where} (0 to {len(values) - 1})" if values else f"no {where}"
        raise KernelError(
            f"{call}({index}): {risc.code.co_name} has {have} on core {risc.core.xy}; "
            f"add {'to them in' if values else 'them to'} its KernelDescriptor{', or use a smaller index' * bool(values)}"
        )
    return values[index]


def _runtime_argument(call: str, values: list[int], index: int, where: str) -> int:
    value = _argument(call, values, index, where)
    if index >= MOST_ARGUMENTS:
        raise KernelError(
            f"{call}({index}): a kernel has at most {MOST_ARGUMENTS} {where} on the chip (0 to {MOST_ARGUMENTS - 1}); "
            "put the others into a tensor and read it"
        )
    return value


def get_arg_val(arg_idx: int) -> int:
    """Runtime argument of this core (C++ `get_arg_val<uint32_t>`)."""
    return _runtime_argument("get_arg_val", running("get_arg_val").runtime_args, arg_idx, "runtime_args")


def get_common_arg_val(arg_idx: int) -> int:
    """Runtime argument that all cores share."""
    values = running("get_common_arg_val").common_args
    return _runtime_argument("get_common_arg_val", values, arg_idx, "common_runtime_args")


def get_compile_time_arg_val(arg_idx: int) -> int:
    """Compile-time argument."""
    risc = running("get_compile_time_arg_val")
    return _argument("get_compile_time_arg_val", risc.compile_time_args, arg_idx, "compile_time_args")


def get_named_compile_time_arg_val(name: str) -> int:
    """Compile-time argument by name."""
    values: dict[str, int] = running("get_named_compile_time_arg_val").named_args
    if name not in values:
        have = ", ".join(sorted(values)) or "none"
        raise KernelError(
            f"get_named_compile_time_arg_val({name!r}): no such name in the kernel's named_compile_time_args "
            f"(they have {have}); add it to the KernelDescriptor"
        )
    return values[name]


# ---- circular buffers -------------------------------------------------------------------------------------


NO_FRONT, NO_BACK = NoWait("cb_wait_front"), NoWait("cb_reserve_back")


def _wait_pages(call: str, cb: int, pages: int, front: bool) -> Wait | NoWait:
    risc: Risc = running(call)
    if not (risc.fronts if front else risc.backs):
        return NO_FRONT if front else NO_BACK
    ring = risc.ring(cb, call)
    pages = integer(call, "the number of pages", pages)
    risc.t += risc.core.device.arch.cb_call
    history = ring.cb.pushed if front else ring.cb.popped
    ring.asked[front, pages] = ring.asked.get((front, pages), 0) + 1

    # the count that the other side must reach; the chip's own test, `enough`, also passes when counters run over
    target = ring.acked + pages if front else ring.received + pages - ring.num_pages
    enough = ring.holds(pages, front)

    def ready(time: int) -> int | None:
        entry = history.first(time, enough)
        if entry is None:
            return None
        risc.core.observer.acquire(risc, history.orders[history.reached(target, entry)])
        return history.times[entry]

    return Wait(risc, call, (ring.cb, pages), history, ready, risc.core.site(2, risc))


def cb_wait_front(cbid: int, num_pages: int) -> Wait | NoWait:
    """Wait until `num_pages` pages in all stand at the front. Cumulative: it takes nothing."""
    return _wait_pages("cb_wait_front", cbid, num_pages, front=True)


def cb_reserve_back(cbid: int, num_pages: int) -> Wait | NoWait:
    """Wait until `num_pages` pages are free at the back. It moves nothing."""
    return _wait_pages("cb_reserve_back", cbid, num_pages, front=False)


def _move(call: str, cb: int, pages: int, popped: bool) -> None:
    risc: Risc = running(call)
    if not (risc.fronts if popped else risc.backs):
        return
    ring = risc.ring(cb, call)
    pages = integer(call, "the number of pages", pages)
    core = risc.core
    risc.t += core.device.arch.cb_call
    risc.spins = 0
    pointer = ring.rd if popped else ring.wr
    site = core.site(2, risc)
    core.observer.published(risc, ring, pointer, pages, popped, site)
    if popped:
        ring.pop(pages)
    else:
        ring.push(pages)
    move = (ring, pointer, pages, ring.acked if popped else ring.received)
    order = core.observer.release(risc)
    if isinstance(risc, Trisc):
        risc.mark(Kind.POP if popped else Kind.PUSH, 2, detail=move).order = order
    else:
        core.publish(move, risc.t, order, site, risc, popped)


def cb_push_back(cbid: int, num_pages: int) -> None:
    """Hand `num_pages` pages to the consumer. Checks nothing, as in the chip."""
    _move("cb_push_back", cbid, num_pages, popped=False)


def cb_pop_front(cbid: int, num_pages: int) -> None:
    """Give `num_pages` pages back to the producer. Checks nothing, as in the chip."""
    _move("cb_pop_front", cbid, num_pages, popped=True)


def _query(call: str, cb: int, pages: int, front: bool) -> bool:
    risc: Risc = running(call)
    if not (risc.fronts if front else risc.backs):
        return False
    ring, pages = risc.ring(cb, call), integer(call, "the number of pages", pages)
    risc.t += risc.core.device.arch.cb_call
    seen = (ring.cb.pushed if front else ring.cb.popped).at(risc.t)
    return (ring.ready(seen) if front else ring.free(seen)) >= pages


def cb_pages_available_at_front(cbid: int, num_pages: int) -> bool:
    """Would `cb_wait_front` pass at once? Does not wait."""
    return _query("cb_pages_available_at_front", cbid, num_pages, front=True)


def cb_pages_reservable_at_back(cbid: int, num_pages: int) -> bool:
    """Would `cb_reserve_back` pass at once? Does not wait."""
    return _query("cb_pages_reservable_at_back", cbid, num_pages, front=False)


# ---- prints -----------------------------------------------------------------------------------------------


def DPRINT(text: str, *values: Any) -> None:
    """Print on the host, with cycle and RISC in front: `DPRINT("x={}\\n", x)`."""
    running("DPRINT")
    print(text.format(*values), end="" if text.endswith("\n") else "\n")


def synced(
    risc: Risc,
    call: str,
    args: tuple[Any, ...],
    on: History | list[Risc],
    ready: Callable[[int], int | None],
    depth: int = 2,
) -> Wait:
    """A wait that first lets everything earlier on the clock happen. The kernel is `depth` calls up."""
    wait = Wait(risc, call, args, on, ready, risc.core.site(depth, risc))
    wait.sync = True
    return wait
