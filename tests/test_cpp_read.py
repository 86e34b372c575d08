"""The Python that `read` makes, whole, and the C++ places that its reports name."""

from __future__ import annotations

import textwrap
import traceback
from pathlib import Path
from typing import Any

import pytest
from programs import cb, launch

import ttlearn as tt
from ttlearn.cpp import read


def python(text: str, kind: str = "reader", **options: Any) -> str:
    """The Python of a text, without the imports above it."""
    made = read(text, kind, name="k.cpp", **options).python  # type: ignore[attr-defined]
    return made.split("import *\n", 2)[-1].strip("\n")


def statements(text: str) -> str:
    """The Python of some statements of a kernel."""
    return textwrap.dedent(python(f"void kernel_main() {{\n{text}\n}}").partition("\n")[2])


STATEMENTS = {
    "pointers_and_sizes": (
        """uint32_t* p = (uint32_t*)get_write_ptr(0); *(p + 2) += 3; *p++ = 1;
constexpr uint32_t cbs[] = {0, 1, 2}; constexpr uint32_t last = sizeof(cbs) / sizeof(cbs[0]) - 1;
reinterpret_cast<uint8_t*>(p)[0] = 300; const auto x{3u};""",
        """
p = tt_l1_ptr(uint32_t, get_write_ptr(0))
p[2] = u32(p[2] + 3)
p[0] = 1
p = p + 1
cbs = [0, 1, 2]
last = 12 // 4 - 1
tt_l1_ptr(uint8_t, p.address)[0] = 44
x = 3
""",
    ),
    "enums": (
        """enum { A, B = 4 }; enum Mode { X, Y }; Mode m = Mode::X; if (m == Y) cb_push_back(A, B);""",
        """
A = 0
B = 4
class Mode:
    X = 0
    Y = 1
m = Mode.X
if m == 1:
    cb_push_back(A, B)
""",
    ),
    "integers_wrap_where_they_could_leave_their_type": (
        """uint32_t a = get_arg_val<uint32_t>(0), b = a * 2; int32_t c = a - b; uint8_t d = a + 1; a -= 1;
a &= 0xFF; a += 1;""",
        """
a = get_arg_val(0)
b = u32(a * 2)
c = i32(a - b)
d = u8(a + 1)
a = u32(a - 1)
a &= 0xff
a = u32(a + 1)
""",
    ),
    "known_values_need_no_wrap": (
        """constexpr uint32_t Wt = 4; uint32_t half = Wt / 2; uint32_t last = Wt - 1; for (uint32_t i = 0;
i < Wt; i++) { uint32_t j = i * 2048; cb_push_back(0, j + 1); }""",
        """
Wt = 4
half = Wt // 2
last = Wt - 1
for i in range(Wt):
    j = i * 2048
    cb_push_back(0, j + 1)
""",
    ),
    "division": (
        """int32_t a = get_arg_val<int32_t>(0); uint32_t u = get_arg_val<uint32_t>(1); a = a / 2; a %= 3;
u = u / 2; u /= 3;""",
        """
a = i32(get_arg_val(0))
u = get_arg_val(1)
a = div(a, 2)
a = mod(a, 3)
u = u // 2
u = u // 3
""",
    ),
    "logic": (
        """bool ok = get_arg_val<uint32_t>(0) > 1 && !get_arg_val<uint32_t>(1); if (ok || false) {
ok = !ok; } else if (ok) ok = true; else { }""",
        """
ok = get_arg_val(0) > 1 and not get_arg_val(1)
if ok or False:
    ok = not ok
elif ok:
    ok = True
else:
    pass
""",
    ),
    "casts": (
        """uint32_t x = get_arg_val<uint32_t>(0); uint8_t a = (uint8_t)x;
uint16_t b = static_cast<uint16_t>(x); float f = __builtin_bit_cast(float, x);
uint32_t y = uint32_t(f);""",
        """
x = get_arg_val(0)
a = u8(x)
b = u16(x)
f = bits_to_float(x)
y = u32(f)
""",
    ),
    "loops": (
        """uint32_t n = get_arg_val<uint32_t>(0); for (uint32_t i = n; i > 0; --i) { if (i == 2) continue;
} for (uint32_t i = 0; i < n; i += 2) break; while (n) { n >>= 1; } do { n++; } while (n < 4);""",
        """
n = get_arg_val(0)
for i in range(n, 0, -1):
    if i == 2:
        continue
for i in range(0, n, 2):
    break
while n:
    n >>= 1
while True:
    n = u32(n + 1)
    if not n < 4:
        break
""",
    ),
    "loops_that_change_their_counter": (
        """uint32_t n = get_arg_val<uint32_t>(0); for (uint32_t i = 0; i < n; i++) { if (i == 1) { i += 2;
continue; } n--; }""",
        """
n = get_arg_val(0)
i = 0
while i < n:
    if i == 1:
        i = u32(i + 2)
        i = u32(i + 1)
        continue
    n = u32(n - 1)
    i = u32(i + 1)
""",
    ),
    "switch": (
        """uint32_t n = get_arg_val<uint32_t>(0); switch (n) { case 0: case 1: n = 5; break; case 2: {
n = 6; break; } default: n = 7; }""",
        """
n = get_arg_val(0)
if n == 0 or n == 1:
    n = 5
elif n == 2:
    n = 6
else:
    n = 7
""",
    ),
    "l1": (
        """
volatile tt_l1_ptr uint32_t* p = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
p[0] = 1; *p = 2; p[1] += 3; p += 4; uint32_t x = *p++;
volatile uint16_t* h = (volatile uint16_t*)&p[2]; h[0] = x;""",
        """
p = tt_l1_ptr(uint32_t, get_write_ptr(0))
p[0] = 1
p[0] = 2
p[1] = u32(p[1] + 3)
p += 4
x = p[0]
p = p + 1
h = tt_l1_ptr(uint16_t, (p + 2).address)
h[0] = u16(x)
""",
    ),
    "accessors": (
        """constexpr auto a = TensorAccessorArgs<0>();
constexpr auto b = TensorAccessorArgs<a.next_compile_time_args_offset()>();
const auto s = TensorAccessor(a, get_arg_val<uint32_t>(0), 2048);
noc_async_read(s.get_noc_addr(3), get_write_ptr(0), 2048);
noc_async_read_page(1, s, get_write_ptr(0)); noc_async_read_barrier();""",
        """
a = TensorAccessorArgs(0)
b = TensorAccessorArgs(a.next_compile_time_args_offset())
s = TensorAccessor(a, get_arg_val(0), 2048)
noc_async_read(s.get_noc_addr(3), get_write_ptr(0), 2048)
noc_async_read_page(1, s, get_write_ptr(0))
await noc_async_read_barrier()
""",
    ),
    "arrays": (
        """uint32_t a[3] = {1, 2}; uint32_t b[2]; std::array<uint32_t, 2> c = {3, 4}; a[0] = a[1] + c[1];
for (auto x : a) { b[0] = x; } for (uint32_t k : {5u, 6u}) b[1] = k;""",
        """
a = [1, 2] + [0] * (3 - 2)
b = [unset("b[...]")] * 2
c = [3, 4]
a[0] = u32(a[1] + c[1])
for x in a:
    b[0] = x
for k in (5, 6,):
    b[1] = k
""",
    ),
    "names": (
        """uint32_t in = 1, lambda = 2, range = 3, cb_push_back_ = 4, i = 5; { uint32_t i = in; {
uint32_t i = lambda; range = i; } } for (uint32_t i = 0; i < 3; i++) range = i; i = range;""",
        """
in_ = 1
lambda_ = 2
range_ = 3
cb_push_back_ = 4
i = 5
i_ = in_
i__ = lambda_
range_ = i__
for i_ in range(3):
    range_ = i_
i = range_
""",
    ),
    "polls": (
        """volatile tt_l1_ptr uint32_t* flag = (volatile tt_l1_ptr uint32_t*)get_semaphore(0);
while (*flag != 1); while (!cb_pages_available_at_front(0, 1)) { } while (flag[1] < 2) {
cb_wait_front(0, 1); }""",
        """
flag = tt_l1_ptr(uint32_t, get_semaphore(0))
while flag[0] != 1:
    await invalidate_l1_cache()  # the poll: others run
while not cb_pages_available_at_front(0, 1):
    await invalidate_l1_cache()  # the poll: others run
while flag[1] < 2:
    await cb_wait_front(0, 1)
""",
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name: str) -> None:
    cpp, expected = STATEMENTS[name]
    assert statements(cpp) == expected.strip("\n")


FILE = """// what it does
#define ROUNDS 2
/* two
 * lines */
constexpr uint32_t cb_out = tt::CBIndex::c_16;
constexpr uint32_t block = get_compile_time_arg_val(0), twice = block * 2;
enum class Mode : uint32_t { COPY, ADD = 5 };
template <uint32_t n, typename T>
FORCE_INLINE T scaled(T x, const uint32_t by = n) { return x * by; }
// counts
void one(uint32_t& done, Mode mode) {
    cb_wait_front(0, 1);  // a page
    if (mode == Mode::ADD) { done += 1; return; }
    done++;
}
// the kernel
void kernel_main() {
    // first
    uint32_t done = 0;
    auto push = [&](uint32_t n) { cb_push_back(cb_out, n); done += n; };
    for (uint32_t i = 0; i < ROUNDS; i++) { one(done, Mode::COPY); }
    push(scaled<3>(done));
    UNPACK((DPRINT("x={}\\n", done)));
    PACK(DPRINT << "y " << done << ENDL());
    cb_wait_front(0, twice);
}
"""
MADE = """# what it does
# two
# lines
cb_out = 16
def block(): return get_compile_time_arg_val(0)
def twice(): return u32(block() * 2)
class Mode:
    COPY = 0
    ADD = 5


# counts
async def one(done, mode):
    await cb_wait_front(0, 1)  # a page
    if mode == Mode.ADD:
        done = u32(done + 1)
        return done
    done = u32(done + 1)
    return done


def scaled(n, x, by):
    return u32(x * by)


# the kernel
async def k():
    # first
    done = 0
    def push(n):
        nonlocal done
        cb_push_back(cb_out, n)
        done = u32(done + n)
    for i in range(2):
        done = await one(done, Mode.COPY)
    push(scaled(3, done, 3))
    if UNPACK():
        DPRINT("x={}\\n", done)
    if PACK():
        DPRINT("y {}\\n", done)
    await cb_wait_front(0, twice())"""


def test_a_whole_file() -> None:
    assert python(FILE, "compute") == MADE


def test_older_entry_point_is_the_same_kernel() -> None:
    older = python(
        "namespace NAMESPACE {\nvoid MAIN {\n    cb_wait_front(0, 1);\n}\n}  // namespace NAMESPACE\n", "compute"
    )
    assert older == python("void kernel_main() {\n    cb_wait_front(0, 1);\n}\n", "compute")
    assert older == "async def k():\n    await cb_wait_front(0, 1)"


@pytest.mark.parametrize(("defines", "pages"), [({"TWO": "1"}, "2"), ({}, "1"), ({"N": "7"}, "7"), ([("N", 7)], "7")])
def test_defines_choose(defines: Any, pages: str) -> None:
    text = """void kernel_main() {
#if defined(N) and not defined(TWO)
    cb_push_back(0, N);
#elif defined TWO
    cb_push_back(0, 2);
#else
    cb_push_back(0, 1);
#endif
}"""
    assert python(text, defines=defines) == f"async def k():\n    cb_push_back(0, {pages})"


def test_args_replace_compile_time_arguments() -> None:
    text = "void kernel_main() { constexpr uint32_t n = get_compile_time_arg_val(0); cb_push_back(0, n + 1); }"
    assert python(text) == "async def k():\n    n = get_compile_time_arg_val(0)\n    cb_push_back(0, u32(n + 1))"
    assert python(text, args=[7]) == "async def k():\n    n = 7\n    cb_push_back(0, n + 1)"


# ---- places -------------------------------------------------------------------------------------------------


def complaint(kernel: Any) -> str:
    with pytest.raises((tt.Violation, tt.DeviceHang)) as caught:
        launch(kernel, cbs=[cb(0, 2)])
    return str(caught.value).splitlines()[0].split(": the pointer")[0].split(", but")[0]


def test_two_calls_on_one_line() -> None:
    kernel = read("void kernel_main() {\n  cb_reserve_back(0, 1); cb_push_back(0, 3);\n}", "reader", name="two.cpp")
    assert complaint(kernel) == "cb_push_back(c_0, 3) at two.cpp line 2: `cb_push_back(0, 3)`"


def test_a_hang_names_the_line() -> None:
    kernel = read(
        "void kernel_main() {\n  cb_reserve_back(0, 1);\n\n  cb_wait_front(0, 1);\n}", "reader", name="hang.cpp"
    )
    assert complaint(kernel).endswith("NCRISC waits in cb_wait_front(c_0, 1) at hang.cpp line 4: `cb_wait_front(0, 1)`")


def test_a_macro_of_several_statements() -> None:
    text = "#define BOTH cb_reserve_back(0, 1); cb_push_back(0, 3)\nvoid kernel_main() {\n  uint32_t x = 0; BOTH;\n}"
    assert complaint(read(text, "reader", name="m.cpp")) == "cb_push_back(c_0, 3) at m.cpp line 3: `BOTH`"


def test_a_helper_in_a_file_beside_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "push.h").write_text(
        "#pragma once\n\ninline void push(uint32_t n) {\n    cb_push_back(0, n / (n - 3));\n}\n"
    )
    path = tmp_path / "reader.cpp"
    path.write_text('#include "push.h"\nvoid kernel_main() {\n    cb_reserve_back(0, 1);\n    push(3);\n}\n')
    with pytest.raises(tt.KernelError) as caught:
        launch(read(path, "reader"), cbs=[cb(0, 2)])
    assert str(caught.value) == (
        "NCRISC (reader) divides by zero at reader.cpp line 4 (inside push, push.h line 4): "
        "`cb_push_back(0, n / (n - 3))`: look where the divisor comes from"
    )
    frames = traceback.extract_tb(caught.value.__traceback__)[-2:]
    assert [(Path(f.filename).name, f.lineno, f.line) for f in frames] == [
        ("reader.cpp", 4, "push(3);"),
        ("push.h", 4, "cb_push_back(0, n / (n - 3));"),
    ]


def test_line_ends_of_other_systems() -> None:
    text = "void kernel_main() {\r\n  cb_reserve_back(0, 1);\r\n  cb_push_back(0, 3);\r\n}\r\n"
    assert (
        complaint(read(text, "reader", name="crlf.cpp"))
        == "cb_push_back(c_0, 3) at crlf.cpp line 3: `cb_push_back(0, 3)`"
    )
