"""Random C++ functions without undefined behaviour, and what g++ says they return.

A function is drawn from a seed. What is undefined for some arguments (an overflow, a division by zero) is found by g++'s
own checks while it runs, and that call is left out. Used by test_cpp_arithmetic.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

INTS = ["uint32_t"] * 4 + ["int32_t"] * 2 + ["uint8_t", "uint16_t", "int8_t", "int16_t", "uint64_t", "int64_t", "bool"]
LITERALS = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "7u",
    "31",
    "32u",
    "100",
    "255",
    "256",
    "-1",
    "-7",
    "0xFF",
    "0x80000000",
    "0xFFFFu",
]
LITERALS += ["65535", "4294967295u", "2147483647u", "017", "0b101", "1'000", "3ull", "5ll", "true", "false", "'a'"]
FLOATS = ["0.5f", "1.5f", "0.1f", "3.0f", "-2.0f", "1e3f", "7.0f", "0.0f", ".25f"]
EDGES = (0, 1, 2, 3, 7, 31, 100, 127, 128, 255, 256, 32767, 65535, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 63)


@dataclass(frozen=True)
class Function:
    """One C++ function: the text of its helpers and itself, its name, its parameters' types."""

    name: str
    text: str
    takes: tuple[str, ...]


class Writer:
    """Writes one random function."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.names: list[tuple[str, str]] = []  # (name, type) that may be read
        self.fixed: set[str] = set()  # of these, the ones that may not be assigned
        self.busy: set[str] = set()  # used in the expression under way, where ++ or = of them would be undefined
        self.counted: set[str] = set()  # changed in it, where any other use would be
        self.floats: list[str] = []
        self.made = 0
        self.helpers: list[str] = []
        self.callable: list[str] = []  # forms with one "@" for each argument
        self.changing: list[str] = []  # forms whose "&" is a variable of uint32_t

    def fresh(self, stem: str) -> str:
        self.made += 1
        return f"{stem}{self.made}"

    # ---- expressions ----------------------------------------------------------------------------------------

    def variable(self, *types: str) -> str:
        fitting = [n for n, t in self.names if (not types or t in types) and not self.uses(n) & self.counted]
        if not fitting:
            return self.r.choice(LITERALS)
        name = self.r.choice(fitting)
        self.busy |= self.uses(name)
        return name

    def uses(self, name: str) -> set[str]:
        """The variables in a name, which may be an array's element."""
        return set(re.findall(r"[a-z]\w*", name))

    def leaf(self) -> str:
        return self.variable() if self.r.random() < 0.7 else self.r.choice(LITERALS)

    def expression(self, depth: int) -> str:
        if depth <= 0:
            return self.leaf()
        form = self.r.choices(
            [
                "binary",
                "divide",
                "shift",
                "compare",
                "logic",
                "unary",
                "choose",
                "cast",
                "call",
                "count",
                "paren",
                "cut",
                "order",
            ],
            [8, 3, 3, 3, 2, 3, 2, 4, 2, 1, 1, 1, 1],
        )[0]
        text: str = getattr(self, f"_{form}")(depth - 1)
        return text

    def _binary(self, depth: int) -> str:
        return f"{self.operand(depth)} {self.r.choice('++--*&|^')} {self.operand(depth)}"

    def operand(self, depth: int) -> str:
        text = self.expression(depth)
        return text if self.r.random() < 0.3 and not text.startswith("-") else f"({text})"

    def _divide(self, depth: int) -> str:
        divisor = self.r.choice(["((%s & 15) + 1)", "(%s | 1)", "(%s ? 3 : -4)"]) % f"({self.expression(depth)})"
        return f"({self.expression(depth)}) {self.r.choice('/%')} {divisor}"

    def _shift(self, depth: int) -> str:
        count = self.r.choice(["1", "4", "16", f"(({self.expression(depth)}) & 7)", f"(({self.leaf()}) & 31)"])
        return f"({self.expression(depth)}) {self.r.choice(['<<', '>>'])} {count}"

    def _compare(self, depth: int) -> str:
        sign = self.r.choice(["==", "!=", "<", ">", "<=", ">="])
        return f"({self.expression(depth)}) {sign} ({self.expression(depth)})"

    def _logic(self, depth: int) -> str:
        if self.r.random() < 0.4:
            return f"!({self.expression(depth)})"
        return f"({self.expression(depth)}) {self.r.choice(['&&', '||'])} ({self.expression(depth)})"

    def _unary(self, depth: int) -> str:
        return f"{self.r.choice('-~+')}({self.expression(depth)})"

    def _choose(self, depth: int) -> str:
        return f"(({self.expression(depth)}) ? ({self.expression(depth)}) : ({self.expression(depth)}))"

    def _cast(self, depth: int) -> str:
        form = self.r.choice(["static_cast<{0}>({1})", "({0})({1})", "{0}({1} + 0)"])
        return form.format(self.r.choice(INTS), self.expression(depth))

    def _call(self, depth: int) -> str:
        if not self.callable:
            return self._paren(depth)
        parts = self.r.choice(self.callable).split("@")
        return parts[0] + "".join(self.expression(depth - 1) + part for part in parts[1:])

    def _count(self, depth: int) -> str:
        free = [n for n, t in self.names if n not in self.busy | self.fixed and "[" not in n and t in INTS[:-1]]
        if not free:
            return self._paren(depth)
        name = self.r.choice(free)
        self.busy.add(name)
        self.counted.add(name)
        return self.r.choice(["{0}++", "{0}--", "(++{0})", "(--{0})"]).format(name)

    def _paren(self, depth: int) -> str:
        return f"({self.expression(depth)})"

    def number(self, depth: int) -> str:
        """A float expression."""
        if depth <= 0:
            return self.r.choice(self.floats) if self.floats and self.r.random() < 0.6 else self.r.choice(FLOATS)
        form = self.r.choice(["({0}) {2} ({1})", "({0}) {2} ({1})", "-({0})", "(float)({3})", "({0}) * ({3})", "{4}"])
        choice = f"(({self.expression(0)}) ? ({self.number(0)}) : ({self.number(depth - 1)}))"
        sides = self.number(depth - 1), self.number(depth - 1)
        return form.format(*sides, self.r.choice("+-*/"), self.expression(depth - 1), choice)

    def _cut(self, depth: int) -> str:
        return f"(({self.r.choice(INTS)})({self.number(depth)}))"

    def _order(self, depth: int) -> str:
        sign = self.r.choice(["==", "!=", "<", ">", "<=", ">="])
        return f"(({self.number(depth)}) {sign} ({self.number(depth)}))"

    def whole(self, depth: int = 3) -> str:
        """A full expression; nothing else is in its statement."""
        self.busy, self.counted = set(), set()
        return self.expression(self.r.randint(1, depth))

    # ---- statements -----------------------------------------------------------------------------------------

    def block(self, depth: int, count: int, last: Callable[[], str] = str) -> str:
        known, floats = len(self.names), len(self.floats)
        text = "".join(self.statement(depth) for _ in range(count)) + last()
        del self.names[known:], self.floats[floats:]
        return text

    def statement(self, depth: int) -> str:
        forms = ["declare", "assign", "compound", "step", "array", "change", "float"]
        weights = [4, 4, 5, 2, 1, 1, 1]
        if depth:
            forms, weights = [*forms, "if", "for", "while", "do", "switch"], [*weights, 4, 5, 2, 1, 2]
        text: str = getattr(self, f"_{self.r.choices(forms, weights)[0]}_statement")(depth - 1)
        return text

    def _declare_statement(self, depth: int) -> str:
        type, value, name = self.r.choice([*INTS, "auto"]), self.whole(), self.fresh("v")
        constant = self.r.random() < 0.2
        self.names.append((name, type))
        if constant:
            self.fixed.add(name)
        return f"{'const ' * constant}{type} {name} = {value};\n"

    def _float_statement(self, depth: int) -> str:
        self.busy, self.counted = set(), set()
        if self.floats and self.r.random() < 0.5:
            return f"{self.r.choice(self.floats)} {self.r.choice('+-*/ ').strip()}= {self.number(2)};\n"
        name, value = self.fresh("d"), self.number(3)
        self.floats.append(name)
        return f"float {name} = {value};\n"

    def target(self) -> str | None:
        free = [n for n, _ in self.names if n not in self.fixed]
        return self.r.choice(free) if free else None

    def _assign_statement(self, depth: int) -> str:
        target = self.target()
        if target is None:
            return self._declare_statement(depth)
        self.busy, self.counted = self.uses(target), set()
        return f"{target} = {self.expression(3)};\n"

    def _compound_statement(self, depth: int) -> str:
        target = self.target()
        if target is None:
            return self._declare_statement(depth)
        self.busy, self.counted = self.uses(target), set()
        sign = self.r.choice("+-*&|^/%<>")
        value = self.expression(2)
        if sign in "<>":
            return f"{target} {sign * 2}= ({value}) & 7;\n"
        return f"{target} {sign}= {f'(({value}) & 7) + 1' if sign in '/%' else value};\n"

    def _step_statement(self, depth: int) -> str:
        target = self.target()
        form = self.r.choice(["{0}++", "++{0}", "{0}--", "--{0}"])
        if target is None or dict(self.names)[target] not in INTS[:-1]:
            return self._declare_statement(depth)
        return form.format(target) + ";\n"

    def _array_statement(self, depth: int) -> str:
        type, name = self.r.choice(INTS[:-1]), self.fresh("a")
        values = ", ".join(f"({type})({self.whole(2)})" for _ in range(self.r.randint(1, 4)))
        self.names += [(f"{name}[{k}]", type) for k in range(2)] + [(f"{name}[({self.variable()}) & 3]", type)]
        return f"{type} {name}[4] = {{{values}}};\n"

    def _change_statement(self, depth: int) -> str:
        mine = [n for n, t in self.names if t == "uint32_t" and n not in self.fixed and "[" not in n]
        if not (mine and self.changing):
            return self._declare_statement(depth)
        target = self.r.choice(mine)
        form = self.r.choice(self.changing).replace("&", target)
        self.busy, self.counted = {target}, {target}
        return form.replace("@", self.expression(1)) + ";\n"

    def _if_statement(self, depth: int) -> str:
        text = f"if ({self.whole()}) {{\n{self.block(depth, 2)}}}"
        if self.r.random() < 0.3:
            text += f" else if ({self.whole()}) {{\n{self.block(depth, 1)}}}"
        if self.r.random() < 0.5:
            text += f" else {{\n{self.block(depth, 2)}}}"
        return text + "\n"

    def _for_statement(self, depth: int) -> str:
        type, name = self.r.choice(["uint32_t", "uint32_t", "int32_t", "int", "uint8_t", "int64_t"]), self.fresh("i")
        first, last = f"{self.r.randint(0, 4)}", f"({self.variable()}) & {self.r.choice([3, 7])}"
        if self.r.random() < 0.3:
            first = f"({self.variable()}) & 3"
        steps = ["++{0}", "{0}++", "{0} += 1", "{0} += 2", "{0} += 3u"]
        sign = self.r.choice(["<", "<", "<="])
        condition = f"{name} {sign} ({last})"
        if self.r.random() < 0.25:
            first, condition, steps = last, f"{name} > {self.r.randint(0, 2)}", ["{0}--", "--{0}", "{0} -= 1"]
        self.names.append((name, type))
        changes = self.r.random() < 0.1
        if not changes:
            self.fixed.add(name)
        inner = self.block(depth, 2, self._jump)
        fuel = "if (fuel++ > 40) break;\n"
        self.names = [n for n in self.names if n[0] != name]
        step = self.r.choice(steps).format(name)
        return f"for ({type} {name} = {first}; {condition}; {step}) {{\n{fuel * (changes or name in inner)}{inner}}}\n"

    def _jump(self) -> str:
        if self.r.random() < 0.6:
            return ""
        return f"if ({self.whole(1)}) {self.r.choice(['break', 'continue'])};\n" + self._compound_statement(0)

    def _while_statement(self, depth: int) -> str:
        return f"while ({self.whole(2)}) {{\nif (fuel++ > 30) break;\n{self.block(depth, 2, self._jump)}}}\n"

    def _do_statement(self, depth: int) -> str:
        return f"do {{\nif (fuel++ > 30) break;\n{self.block(depth, 2)}}} while ({self.whole(2)});\n"

    def _switch_statement(self, depth: int) -> str:
        cases = "".join(
            f"case {k}: {f'case {k + 10}: ' * (self.r.random() < 0.3)}{{\n{self.block(depth, 1)}}} break;\n"
            for k in self.r.sample(range(5), self.r.randint(1, 3))
        )
        if self.r.random() < 0.6:
            cases += f"default:\n{self.block(depth, 1)}"
        return f"switch (({self.whole(2)}) & 7) {{\n{cases}}}\n"

    # ---- helpers --------------------------------------------------------------------------------------------

    def helper(self, stem: str) -> None:
        """One helper function of a random kind, before the function itself."""
        name, type, other = f"{stem}h{len(self.helpers)}", self.r.choice(INTS), self.r.choice(INTS)
        kept, self.names, self.callable, callable = self.names, [], [], self.callable
        self.floats = []
        self.names, self.fixed = [("x", type), ("y", other)], {"y"}
        uses, form = self.r.choice(
            [
                (f"{name}(@, @)", f"inline {other} {name}({type} x, const {other}& y) {{{{\n{{}}}}}}\n"),
                (f"{name}(@)", f"static {other} {name}({type} x, {other} y = 3) {{{{\n{{}}}}}}\n"),
                (f"{name}<{type}>(@, @)", f"template <typename T> T {name}(T x, {other} y) {{{{\n{{}}}}}}\n"),
                (f"{name}<5>(@)", f"template <uint32_t y> uint32_t {name}({type} x) {{{{\n{{}}}}}}\n"),
                (f"{name}<true>(@)", f"template <bool y> {other} {name}({type} x) {{{{\n{{}}}}}}\n"),
            ]
        )
        body = f"uint32_t fuel = 0;\n{self.block(1, 2)}return {self.whole()};\n"
        self.helpers.append(form.format(body))
        self.names, self.callable = kept, [*callable, uses]

    def changer(self, stem: str) -> None:
        """A helper that changes its reference."""
        name = f"{stem}c{len(self.helpers)}"
        kept, self.names, self.fixed = self.names, [("p", "uint32_t"), ("n", "int32_t")], {"n"}
        callable, self.callable = self.callable, []
        self.helpers.append(f"void {name}(uint32_t& p, int32_t n) {{\n{self._compound_statement(0)}}}\n")
        self.names, self.callable = kept, callable
        self.changing.append(f"{name}(&, @)")

    def function(self, name: str) -> Function:
        for _ in range(self.r.randint(0, 2)):
            self.helper(name)
        if self.r.random() < 0.3:
            self.changer(name)
        takes = tuple(self.r.choice(INTS) for _ in range(3))
        self.names, self.fixed = [(f"p{k}", t) for k, t in enumerate(takes)], set()
        first = ""
        if self.r.random() < 0.3:
            lambda_name, value = self.fresh("f"), self.whole(2)
            first = f"auto {lambda_name} = [&](uint32_t q) {{ return (uint32_t)(({value}) + q); }};\n"
            self.callable.append(f"{lambda_name}(@)")
            self.fixed |= {f"p{k}" for k in range(3)}  # it may look at them when it is called
        body = first + self.block(2, self.r.randint(2, 5))
        result = self.r.choice([*INTS, "float"])
        listed = ", ".join(f"{t} p{k}" for k, t in enumerate(takes))
        text = f"{result} {name}({listed}) {{\nuint32_t fuel = 0;\n{body}return {self.whole()};\n}}\n"
        return Function(name, "".join(self.helpers) + text, takes)


def function(seed: int) -> Function:
    return Writer(seed).function(f"fn{seed}")


def arguments(function: Function, seed: int) -> tuple[int, ...]:
    """Values inside the parameters' types, edges often."""
    r = random.Random(seed)
    return tuple(cut(r.choice(EDGES) + r.choice([0, 0, -1]) if r.random() < 0.6 else r.getrandbits(64), t)
                 for t in function.takes)  # fmt: skip


def cut(value: int, type: str) -> int:
    """A number inside a C++ type."""
    if type == "bool":
        return value & 1
    bits = int("".join(c for c in type if c.isdigit()))
    value %= 1 << bits
    return value - (1 << bits) if not type.startswith("u") and value >> bits - 1 else value


# ---- g++ ----------------------------------------------------------------------------------------------------

_PRELUDE = """
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <csetjmp>
#include <csignal>
static sigjmp_buf place;
static void on_undefined(int) { siglongjmp(place, 1); }
template <typename T> void show(T x) { printf("%lld\\n", (long long)x); }
void show(uint64_t x) { printf("%llu\\n", (unsigned long long)x); }
void show(float x) { uint32_t bits; memcpy(&bits, &x, 4); printf("f%u\\n", bits); }
#define RUN(call) if (sigsetjmp(place, 1) == 0) show(call); else puts("undefined");
"""
_FLAGS = ["-std=c++17", "-O0", "-funsigned-char", "-ffp-contract=off"]
_FLAGS += ["-fsanitize=undefined,float-cast-overflow,float-divide-by-zero", "-fsanitize-undefined-trap-on-error"]


def returned(calls: list[tuple[Function, tuple[int, ...]]], folder: Path) -> list[str]:
    """What g++ makes of each call: a number, "f" and a float's bits, or "undefined"."""
    source, program = folder / "functions.cpp", folder / "functions"
    texts = {f.name: f'#line 1 "{f.name}"\n{f.text}' for f, _ in calls}
    runs = [f"RUN({f.name}({', '.join(map(literal, given))}))" for f, given in calls]
    main = ["int main() { signal(SIGILL, on_undefined); signal(SIGTRAP, on_undefined);", *runs, "}"]
    source.write_text("\n".join([_PRELUDE, *texts.values(), *main, ""]))
    built = subprocess.run(["g++", *_FLAGS, str(source), "-o", str(program)], capture_output=True, text=True)
    assert built.returncode == 0, re.findall(r".*error:.*", built.stderr)
    undefined = set(
        re.findall(r"^(\w+):.*integer overflow in expression", built.stderr, re.M)
    )  # folded, so not trapped
    ran = subprocess.run([str(program)], check=True, capture_output=True, text=True, timeout=60)
    found = zip(calls, ran.stdout.split(), strict=True)
    return ["undefined" if f.name in undefined else shown for (f, _), shown in found]


def literal(value: int) -> str:
    """A number as a C++ literal of 64 bits."""
    return f"{value}ull" if value >= 0 else f"({value + 1}ll - 1)"
