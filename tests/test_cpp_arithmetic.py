"""C++ arithmetic as `read` translates it: fixed cases by the standard's rules, and random functions against g++."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cpp_functions
import numpy as np
import pytest

from ttlearn.cpp import read

FUNCTIONS = 200


def made(text: str, *names: str) -> dict[str, Any]:
    """The helpers of a text as Python functions; `names` are calls that ask for them."""
    calls = "\n".join(f"    {call};" for call in names)
    return read(f"{text}\nvoid kernel_main() {{\n{calls}\n}}\n", "reader", name="k.cpp").__globals__  # type: ignore[attr-defined]


def value(type: str, expression: str, declared: str = "", **given: str) -> Any:
    """An expression of some variables (name=type and value, as "uint8_t 255") as a function returns it."""
    takes = ", ".join(f"{text.split()[0]} {name}" for name, text in given.items())
    text = f"{type} value({takes}) {{ {declared} return {expression}; }}"
    function = made(text, f"value({', '.join('0' for _ in given)})")["value"]
    return function(*(int(text.split()[1]) for text in given.values()))


WRAP = [
    # unsigned arithmetic is modulo 2^bits; smaller types become int first
    ("uint32_t", "a + 1", {"a": "uint32_t 4294967295"}, 0),
    ("uint32_t", "a - b", {"a": "uint32_t 2", "b": "uint32_t 3"}, 4294967295),
    ("uint32_t", "a * a", {"a": "uint32_t 65537"}, 131073),
    ("uint32_t", "-a", {"a": "uint32_t 1"}, 4294967295),
    ("uint32_t", "~a", {"a": "uint32_t 0"}, 4294967295),
    ("int32_t", "a + a", {"a": "uint8_t 200"}, 400),
    ("uint8_t", "a + a", {"a": "uint8_t 200"}, 144),
    ("int32_t", "~a", {"a": "uint8_t 0"}, -1),
    ("int8_t", "a", {"a": "uint8_t 200"}, -56),
    ("uint64_t", "(uint64_t)a * a", {"a": "uint32_t 65536"}, 1 << 32),
    ("uint64_t", "a * a", {"a": "uint32_t 65536"}, 0),
    ("uint16_t", "a << 4", {"a": "uint16_t 61440"}, 0),
    ("int32_t", "1 << 31", {}, -2147483648),
    # a signed number meets an unsigned one of as many bits: unsigned
    ("bool", "a < b", {"a": "int32_t -1", "b": "uint32_t 1"}, False),
    ("bool", "a < b", {"a": "int32_t -1", "b": "uint8_t 1"}, True),
    ("bool", "a < b", {"a": "int64_t -1", "b": "uint32_t 1"}, True),
    ("uint32_t", "a / b", {"a": "int32_t -4", "b": "uint32_t 2"}, 2147483646),
    # signed division rounds toward zero, its remainder has the dividend's sign
    ("int32_t", "a / b", {"a": "int32_t -7", "b": "int32_t 2"}, -3),
    ("int32_t", "a % b", {"a": "int32_t -7", "b": "int32_t 2"}, -1),
    ("int32_t", "a % b", {"a": "int32_t 7", "b": "int32_t -2"}, 1),
    ("int32_t", "a >> 1", {"a": "int32_t -3"}, -2),
    ("uint32_t", "a >> 31", {"a": "uint32_t 2147483648"}, 1),
    # bool is 0 or 1 in arithmetic; logic gives bool
    ("int32_t", "(a > 1) + (a > 2)", {"a": "int32_t 3"}, 2),
    ("bool", "a", {"a": "int32_t 2"}, True),
    ("int32_t", "a && 4", {"a": "int32_t 2"}, 1),
    ("int32_t", "!a", {"a": "int32_t 2"}, 0),
    # literals: 0x80000000 is unsigned, 2147483648 has 64 bits, 017 is octal
    ("bool", "-1 < 0x80000000", {}, False),
    ("bool", "-1 < 2147483648", {}, True),
    ("int32_t", "017 + 0b11 + 1'000", {}, 1018),
    # precedence that differs from Python's: == binds tighter than &, and comparisons do not chain
    ("int32_t", "a & 1 == 1", {"a": "int32_t 3"}, 1),
    ("bool", "3 > a > 1", {"a": "int32_t 2"}, False),
    ("int32_t", "a = b = 5", {"a": "int32_t 0", "b": "int32_t 0"}, 5),
]


@pytest.mark.parametrize(("type", "expression", "given", "expected"), WRAP)
def test_expression_by_the_standard(type: str, expression: str, given: dict[str, str], expected: int) -> None:
    got = value(type, expression, **given)
    assert got == expected and isinstance(got, bool) == isinstance(expected, bool)


def test_floats_are_rounded_after_each_operation() -> None:
    assert value("float", "x * 0.1f", "float x = a;", a="int32_t 3") == float(np.float32(3) * np.float32(0.1))
    assert value("int32_t", "(int32_t)(a / 4.0f)", a="int32_t -7") == -1
    assert value("bool", "0.1f == 0.1", a="int32_t 0") is False
    assert value("float", "3e38f * a", a="int32_t 10") == float("inf")


def test_postfix_gives_the_old_value_and_prefix_the_new() -> None:
    text = "uint8_t step(uint8_t a) { uint8_t b = a++; uint8_t c = --b; return c * 100 + b * 10 + a; }"
    assert made(text, "step(0)")["step"](2) == 100 + 10 + 3
    assert value("uint8_t", "a--", a="uint8_t 0") == 0
    assert value("int32_t", "a--", a="uint8_t 0") == 0


def test_postfix_in_one_branch_counts_there_only() -> None:
    text = "uint32_t f(uint32_t a, bool b) { uint32_t c = b ? a++ : 0; bool d = b && a++; return a * 10 + c + d; }"
    f = made(text, "f(0, true)")["f"]
    assert (f(1, True), f(1, False)) == (32, 10)


def test_parenthesised_names_are_no_casts() -> None:
    assert value("int32_t", "(a) - b", a="int32_t 5", b="int32_t 3") == 2
    assert value("int32_t", "(a * b) & (b) * (a) + 1", a="int32_t 5", b="int32_t 3") == 0
    assert value("int32_t", "(a) -1", a="int32_t 5") == 4
    assert value("uint8_t", "(uint8_t) -a", a="int32_t 1") == 255


def test_changeable_references_come_back() -> None:
    text = """
    template <uint32_t N> void step(uint32_t& p, uint32_t by = 2) { if (by > 5) { p = 0; return; } p += by * N; }
    uint32_t f(uint32_t a) { step<3>(a); step<1>(a, 4); return a; }
    uint32_t g(uint32_t a) { step<1>(a, 6); return a; }"""
    functions = made(text, "f(0)", "g(0)")
    assert functions["f"](1) == 11 and functions["g"](1) == 0


def test_lambda_and_template_types() -> None:
    text = """
    template <typename T> T twice(T x) { return x + x; }
    uint32_t f(uint8_t a) {
        uint32_t sum = 0;
        auto add = [&](uint32_t x) { sum += x; };
        add(twice(a));
        add(twice<uint32_t>(a));
        return sum;
    }"""
    assert made(text, "f(0)")["f"](200) == 144 + 400


def test_switch_looks_at_its_subject_once() -> None:
    text = """
    uint32_t f(uint32_t a) {
        uint32_t r = 0;
        switch (a++) { case 1: case 2: r = 10; break; case 3: { r = 20; } break; default: r = 30; }
        return r + a;
    }"""
    f = made(text, "f(0)")["f"]
    assert [f(k) for k in range(5)] == [31, 12, 13, 24, 35]


LOOPS = [
    ("for (uint32_t i = 0; i < n; ++i) r += i;", 5, 10),
    ("for (uint32_t i = n; i > 0; --i) r = r * 2 + i;", 3, 17),
    ("for (int i = n - 1; i >= 0; i--) r = r * 10 + i;", 3, 210),
    ("for (uint32_t i = 0; i != n; i++) { if (i == 1) continue; if (i == 4) break; r += i; }", 9, 5),
    ("for (uint8_t i = 250; i != n; i++) ++r;", 4, 10),
    ("for (uint32_t i = 0; i < n; i++) { i++; ++r; }", 5, 3),
    ("for (uint32_t i = 0; i < n; i++) { n--; ++r; }", 5, 3),
    ("for (uint32_t i = 0, j = n; i < j; i++, j--) r += j - i;", 5, 9),
    ("uint32_t i = 0; for (; i < n; i += 2) {} r = i;", 5, 6),
    ("do { r++; } while (--n);", 3, 3),
    ("while (n--) r += n;", 4, 6),
]


@pytest.mark.parametrize(("loop", "n", "expected"), LOOPS)
def test_loops(loop: str, n: int, expected: int) -> None:
    text = f"uint32_t f(uint32_t n) {{ uint32_t r = 0; {loop} return r; }}"
    assert made(text, "f(0)")["f"](n) == expected


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed; the fixed cases above have run")
def test_random_functions_return_what_gpp_says(tmp_path: Path) -> None:
    functions = [cpp_functions.function(seed) for seed in range(10_000, 10_000 + FUNCTIONS)]
    python = made("".join(f.text for f in functions), *(f"{f.name}(0, 0, 0)" for f in functions))
    calls = [(f, cpp_functions.arguments(f, seed)) for f in functions for seed in range(5)]
    compared = 0
    for (f, given), expected in zip(calls, cpp_functions.returned(calls, tmp_path), strict=True):
        if expected != "undefined":
            compared += 1
            assert shown(python[f.name](*given)) == expected, f"{f.name}{given}\n{f.text}"
    assert compared > 3 * FUNCTIONS


def shown(result: float) -> str:
    """As the C++ program prints it."""
    return f"f{np.float32(result).view(np.uint32)}" if isinstance(result, float) else str(int(result))
