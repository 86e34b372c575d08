"""Exercises of notebook 15, to the chip: kernels in C++, read by `tt.cpp.read`.

The learner's functions return C++ text. Left out: a compiler; what is judged is what the kernel does here.
"""

from __future__ import annotations

from collections.abc import Callable

from ...cpp import read
from ...host.descriptors import KernelDescriptor, ProgramDescriptor, TensorAccessorArgs
from ...host.tensor import allocate_tensor_on_device, from_numpy
from ..exercise import Case, Exercise, Functions, Kind, Trial
from ..hangs.entry import COMPUTE, CORE, READER, WRITER, Launch, c_0, c_1, c_16, cb
from ..passthrough import whole_numbers

# ---- what is written and mended -------------------------------------------------------------------------------------


def reader_loop() -> str:
    return """
        cb_reserve_back(0, 32);
        uint32_t l1 = get_write_ptr(0);
        for (uint32_t i = 0; i < 32; i++) {
            noc_async_read_page(row * 32 + i, tensor, l1);
            l1 += stick;
        }
        noc_async_read_barrier();
        cb_push_back(0, 32);
    """


def writer_loop() -> str:
    return """
        cb_wait_front(16, 32);
        uint32_t l1 = get_read_ptr(16);
        for (uint32_t i = 0; i < 32; i++) {
            noc_async_write_page(row * 32 + i, tensor, l1);
            l1 += stick;
        }
        noc_async_write_barrier();
        cb_pop_front(16, 32);
    """


# ---- what is given --------------------------------------------------------------------------------------------------


def wrong_reader_loop() -> str:
    """The loop as it is given, with its mistake."""
    return reader_loop().replace("cb_push_back(0, 32)", "cb_push_back(0, Wt)")


def _given_reader() -> Functions:
    def reader_loop() -> str:
        return """
            cb_reserve_back(0, 32);
            uint32_t l1 = get_write_ptr(0);
            for (uint32_t i = 0; i < 32; i++) {
                noc_async_read_page(row * 32 + i, tensor, l1);
                l1 += stick;
            }
            noc_async_read_barrier();
            cb_push_back(0, Wt);
        """

    return {"reader_loop": reader_loop}


FRAME = """#include "api/dataflow/dataflow_api.h"

void kernel_main() {
    constexpr uint32_t Wt = get_compile_time_arg_val(0);
    constexpr auto args = TensorAccessorArgs<1>();
    constexpr uint32_t stick = args.get_aligned_page_size();
    const auto tensor = TensorAccessor(args, get_arg_val<uint32_t>(0));
    const uint32_t Ht = get_arg_val<uint32_t>(1);
    for (uint32_t row = 0; row < Ht; row++) {LOOP}
}
"""


def framed(loop: str) -> str:
    """The whole kernel around what it does for one tile row."""
    return FRAME.replace("LOOP", loop)


COMPUTE_KERNEL = """#include "api/compute/tilize.h"
#include "api/compute/pack_untilize.h"

void kernel_main() {
    constexpr uint32_t Wt = get_compile_time_arg_val(0), Ht = get_compile_time_arg_val(1);
    compute_kernel_hw_startup(0, 1);
    for (uint32_t row = 0; row < Ht; row++) {
        cb_wait_front(0, 32);
        cb_reserve_back(1, Wt);
        tilize_init(0, Wt, 1);
        tilize_block(0, Wt, 1);
        tilize_uninit(0, 1);
        cb_push_back(1, Wt);
        cb_pop_front(0, 32);
        cb_reserve_back(16, 32);
        pack_untilize_init<1, Wt>(1, 16);
        for (uint32_t t = 0; t < Wt; t++) {
            cb_wait_front(1, 1);
            pack_untilize_block<1, Wt>(1, 1, 16, t);
            cb_pop_front(1, 1);
        }
        pack_untilize_uninit(16);
        cb_push_back(16, 32);
    }
}
"""


def program(reader: str, writer: str, Wt: int = 4, Ht: int = 2, depth: int = 1) -> Launch:
    """Three C++ texts, the third of which turns sticks to tiles and back. `depth`: tile rows in c_0 and c_16."""
    values = whole_numbers(Wt, Ht)
    x, y = from_numpy(values), allocate_tensor_on_device(values.shape)
    kernels = []
    for text, kind, tensor in ((reader, "reader", x), (writer, "writer", y)):
        words = [Wt, *TensorAccessorArgs(tensor).get_compile_time_args()]
        config = READER if kind == "reader" else WRITER
        function = read(text, kind, name=f"{kind}.cpp")
        kernels.append(KernelDescriptor(function, CORE, config, words, [((0, 0), [tensor.buffer_address(), Ht])]))
    compute = read(COMPUTE_KERNEL, "compute", name="compute.cpp")
    kernels.append(KernelDescriptor(compute, CORE, COMPUTE, [Wt, Ht]))
    cbs = [cb(c_0, depth * 32, 64 * Wt), cb(c_1, Wt), cb(c_16, depth * 32, 64 * Wt)]
    return [x, y], ProgramDescriptor(kernels, cbs)


# ---- cases ----------------------------------------------------------------------------------------------------------


def through(name: str, Wt: int, Ht: int, depth: int = 1, seed: int | None = None) -> Case:
    """What comes out is what went in."""

    def make(functions: Functions) -> Trial:
        launch = program(_kernel(functions, reader_loop), _kernel(functions, writer_loop), Wt, Ht, depth)
        return Trial(*launch, whole_numbers(Wt, Ht))

    return Case(name, make, seed)


def _kernel(functions: Functions, own: Callable[[], str]) -> str:
    text = functions.get(own.__name__, own)()
    if not isinstance(text, str):
        raise TypeError(f"{own.__name__}() returns {text!r}; it must return C++ text")
    return framed(text)


CASES = (
    through("one tile", 1, 1),
    through("two rows of four tiles", 4, 2),
    through("three rows of three tiles, room for two", 3, 3, depth=2),
    through("rows of 32 tiles, other timings", 32, 2, seed=1),
)

EXERCISES = (
    Exercise(
        id="15.1",
        title="One wrong line of C++",
        kind=Kind.FIX,
        reference={"reader_loop": reader_loop},
        cases=CASES,
        tips=(
            "A page of c_0 is a stick. Who pushes how many of them for a tile row, and who waits for how many?",
            "The compute kernel waits for 32 pages of c_0. The last line pushes Wt.",
        ),
        given=_given_reader(),
    ),
    Exercise(
        id="15.2",
        title="A writer in C++",
        kind=Kind.WRITE,
        reference={"writer_loop": writer_loop},
        cases=CASES,
        tips=(
            "The reader's loop in a mirror; c_16 counts sticks, too. Every line of C++ ends with a semicolon, and nothing is awaited.",
            "`cb_wait_front(16, 32)`, `get_read_ptr(16)`, 32 times `noc_async_write_page(row * 32 + i, tensor, l1)`, "
            "`noc_async_write_barrier()`, `cb_pop_front(16, 32)`.",
        ),
    ),
)
