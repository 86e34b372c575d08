"""What `read` refuses, and how it says so: file, line, the construct, what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

import ttlearn as tt
from ttlearn.cpp import read


def said(text: str, kind: str = "reader", **options: object) -> str:
    with pytest.raises(tt.CppError) as caught:
        read(text, kind, name="k.cpp", **options)  # type: ignore[arg-type]
    return str(caught.value)


IN_KERNEL = {
    "again: goto again;": "`again: goto again;` (labeled statement) is not translated; write a loop",
    "static uint32_t n = 0;": "`static uint32_t n = 0;`: a static variable outlives the kernel; make it a local one",
    "struct { uint32_t a; } s;": "`struct { uint32_t a; } s;`: structs and unions are not translated; "
    "use plain variables",
    "uint32_t a = (1, 2);": "`1, 2`: a comma inside an expression; write two statements",
    "cb_reserve_back(0);": "`cb_reserve_back(0)` has 1 argument; here cb_reserve_back takes (cbid, num_pages)",
    "cb_push_back(0, 1, 2);": "`cb_push_back(0, 1, 2)` has 3 arguments; here cb_push_back takes (cbid, num_pages)",
    "cb_push_back<3>(0, 1);": "`cb_push_back<3>(0, 1)` has 1 template argument; cb_push_back takes none here",
    "switch (1) { case 1: cb_push_back(0, 1); case 2: break; }": "a `case` that falls through into the next is not "
    "translated; end it with `break`",
    "switch (1) { case 1: if (true) break; cb_push_back(0, 1); }": "a `break` in the middle of a `case` is not "
    "translated; write if / else if",
    "Noc noc; uint32_t n = sizeof(noc);": "`sizeof(noc)`: the size of a number's type only",
    "auto p = (volatile float*)get_write_ptr(0);": "`(volatile float*)get_write_ptr(0)`: a pointer into L1 is to "
    "uint8_t, uint16_t or uint32_t",
    "uint32_t* p = nullptr;": "`uint32_t* p = nullptr;`: give the pointer an address in L1 where it is declared",
    "uint32_t x = 1; uint32_t* p = &x;": "`&x`: only the address of an element in L1 can be taken, as in &p[i]",
    "uint32_t m = 1; uint32_t& r = m; r = 2;": "`uint32_t& r = m;`: a second name for what changes is not translated; "
    "use the first",
    "uint32_t x = 1; x + 1;": "`x + 1;` does nothing; delete it, or use its value",
    "float f = 1.0f; uint32_t x = f << 2;": "`f << 2`: `<<` takes whole numbers, no float",
    "uint32_t x = 1 x = 2;": "`1` is no C++ that can be read; look for a missing `;`, `)` or `}`",
    "cb_push_back(0, 1;": "a `)` is missing here",
    "uint32_t x = get_arg_val(0);": "`get_arg_val(0)`: write get_arg_val<uint32_t>(…), or another number's type",
    "uint32_t x = cb_push_back(0, 1);": "`uint32_t x = cb_push_back(0, 1);`: the call gives nothing that could be stored",
    "Noc noc(1);": "`Noc noc(1);`: only a kernel's own NOC is simulated; write Noc()",
    "auto f = [](auto x) { return x; };": "the lambda `f` has an `auto` parameter, x; write its type",
    "do { continue; } while (false);": "`continue` inside do … while is not translated; write a while loop",
    "auto p = new uint32_t[3];": "`new uint32_t[3]` (new expression) is not translated; use an array, or memory of a CB",
    "uint32_t a[2000000];": "`uint32_t a[2000000];`: 2000000 elements do not fit a core's memory",
    "uint64_t a = 99999999999999999999;": "the number `99999999999999999999` does not fit 64 bits",
}


@pytest.mark.parametrize("body", IN_KERNEL)
def test_refused_in_a_kernel(body: str) -> None:
    assert said(f"void kernel_main() {{\n    {body}\n}}\n") == f"k.cpp line 2: {IN_KERNEL[body]}"


IN_FILE = {
    "void f(uint32_t n) { if (n) f(n - 1); }\nvoid kernel_main() { f(2); }": "k.cpp line 1: `f` calls itself; write a loop",
    "void f(uint32_t n) {}\nvoid kernel_main() { f(); }": "k.cpp line 2: `f()`: f of this file does not take 0 arguments",
    "struct P { uint32_t x; };\nvoid kernel_main() { P p; p.x = 1; }": "k.cpp line 1: `struct P { uint32_t x; }` (struct "
    "specifier) is not translated; use plain functions and variables",
    "uint32_t n = 0;\nvoid kernel_main() { n++; }": "k.cpp line 1: `uint32_t n = 0;`: a variable outside a function; "
    "declare it inside kernel_main",
    "#ifdef TRISC_MATH\n#endif\nvoid kernel_main() {}": "k.cpp line 1: `#ifdef TRISC_MATH` makes another kernel for each "
    "TRISC; write the lines as UNPACK((...)), MATH((...)) or PACK((...))",
    "void main() {}": "k.cpp has no `void kernel_main()`; a kernel is one `void kernel_main() { … }`",
    "void kernel_main() {}\nvoid kernel_main() {}": "k.cpp has kernel_main more than once; a kernel is one "
    "`void kernel_main() { … }`",
    "uint32_t f(uint32_t& x) { return ++x; }\nvoid kernel_main() { uint32_t a = 1, b = f(a); }": "k.cpp line 2: `f(a)` "
    "changes a reference; let it return nothing, in a statement of its own",
    "#if FOO(1)\n#endif\nvoid kernel_main() {}": "k.cpp line 1: #if: `FOO(1)` is not defined; pass it in `defines`",
    '#ifndef N\n#error "N?"\n#endif\nvoid kernel_main() {}': 'k.cpp line 2: `#error "N?"`; pass what it asks for in '
    "`defines`",
    'static_assert(sizeof(uint16_t) == 4, "two bytes");\nvoid kernel_main() {}': "k.cpp line 1: static_assert failed: two "
    "bytes; this kernel would not compile",
    "#define A B B\n#define B C C\n\n#if 1\nvoid kernel_main() {}": "k.cpp line 4: Unterminated #if 1",
}


@pytest.mark.parametrize("text", IN_FILE)
def test_refused_in_a_file(text: str) -> None:
    assert said(text) == IN_FILE[text]


def test_unknown_names_are_told_all_at_once() -> None:
    text = '#include "mine.h"\nvoid kernel_main() {\n    frob(1);\n    tile_regs_acquire();\n    frob(dfb::x);\n}\n'
    assert said(text) == (
        "k.cpp: 3 names that a reader kernel does not have here: dfb::x (line 5), frob (lines 3, 5), "
        "tile_regs_acquire (line 4); use calls of ttlearn.dataflow, or put the missing include beside the kernel: mine.h"
    )


def test_a_variable_without_a_type_is_told_once_with_the_line_to_write() -> None:
    text = "void kernel_main() {\n    l1 = get_read_ptr(16);\n    l1 += 2;\n    noc_async_read(l1, l1, 32);\n}\n"
    assert said(text) == "k.cpp line 2: `l1` is not declared; write its type: `uint32_t l1 = get_read_ptr(16)`"


def test_a_variable_that_is_never_set_is_an_unknown_name() -> None:
    text = "void kernel_main() {\n    l1 += 2;\n}\n"
    assert said(text) == (
        "k.cpp: 1 name that a reader kernel does not have here: l1 (line 2); use calls of ttlearn.dataflow"
    )


def test_several_problems_come_in_the_order_of_the_text() -> None:
    text = "void kernel_main() {\n    static int a;\n    uint32_t ok = 1;\n    goto end;\n    end: ok = 2;\n    frob(a);\n}"
    assert said(text) == (
        "k.cpp line 2: `static int a;`: a static variable outlives the kernel; make it a local one\n"
        "k.cpp line 4: `goto end;` (goto statement) is not translated; write a loop\n"
        "k.cpp line 5: `end: ok = 2;` (labeled statement) is not translated; write a loop\n"
        "k.cpp: 1 name that a reader kernel does not have here: frob (line 6); use calls of ttlearn.dataflow"
    )


def test_args_that_are_not_given() -> None:
    text = "void kernel_main() {\n    constexpr uint32_t n = get_compile_time_arg_val(3);\n}"
    assert said(text, args=[1, 2]) == (
        "k.cpp line 2: `get_compile_time_arg_val(3)`: `args` has 2 compile-time arguments, 0 to 1"
    )


def test_enum_member_that_is_not_there() -> None:
    text = "void kernel_main() {\n    reduce_init<PoolType::MEDIAN, ReduceDim::REDUCE_ROW>(0, 1, 16);\n}"
    assert said(text, "compute") == "k.cpp line 2: `PoolType::MEDIAN`: PoolType has SUM, AVG, MAX"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(tt.CppError) as caught:
        read(tmp_path / "none.cpp", "reader")
    assert str(caught.value) == (
        f"{tmp_path}/none.cpp: No such file or directory; give the path of a kernel, or its text"
    )


def test_a_bad_kind_is_the_host_s_error() -> None:
    with pytest.raises(tt.HostError) as caught:
        read("void kernel_main() {}", "brisc")
    assert str(caught.value) == "kind is 'brisc'; a kernel is a 'reader', a 'writer' or 'compute'"


def test_macros_that_double_themselves_end() -> None:
    bomb = (
        "#define A0 x\n" + "".join(f"#define A{k + 1} A{k} A{k}\n" for k in range(40)) + "void kernel_main() { A40; }"
    )
    assert said(bomb) == "k.cpp line 41: macros make more than 300000 tokens; look for one that doubles itself"


def test_a_file_that_includes_itself(tmp_path: Path) -> None:
    (tmp_path / "k.cpp").write_text('#include "k.cpp"\nvoid kernel_main() {}\n')
    with pytest.raises(tt.CppError) as caught:
        read(tmp_path / "k.cpp", "reader")
    assert str(caught.value) == (
        f"{tmp_path}/k.cpp line 1: #includes or macros that go on for ever; look for one inside itself"
    )
