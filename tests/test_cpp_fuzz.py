"""No text makes anything but a translation or a CppError."""

from __future__ import annotations

import json
import random
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ttlearn as tt
from ttlearn.cpp import read

DATA = Path(__file__).parent / "data"
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
TOKENS = """int uint32_t { } ( ) [ ] ; , < > << >> = == + - * / % & && | || ! ~ ^ ? : :: . -> ++ -- += for while do if else
switch case default break continue return goto struct class enum union template typename constexpr const static auto
void kernel_main namespace using sizeof new delete operator this nullptr true false 0 1 0x 1e9 1.2.3 0x1p3 'a' " ' \\ /*
*/ // #define #ifdef #endif #if #else #include #undef #error ## # x y A cb_wait_front cb_push_back noc_async_read
get_arg_val<uint32_t> tile_regs_acquire DPRINT UNPACK [&] [=] [] @ $ ` \0 \x7f é ℌ \ud800 __LINE__ __VA_ARGS__ defined
decltype static_cast< lambda None def await _ asm R"( 0b 1'0 operator() ... co_await requires try catch extern typedef
99999999999999999999999 TensorAccessor Noc CircularBuffer tt::CBIndex::c_0 ;; () {} 10''000 __builtins__"""
WORDS = TOKENS.split()


def kernels() -> list[tuple[str, str]]:
    """(text, kind) of the golden kernels."""
    found = {}
    for file in sorted(DATA.glob("*.json")):
        data = json.loads(file.read_text())
        for case in data["cases"] if "kernels" in data else []:
            for kernel in case["program"]["kernels"]:
                found[file.stem, kernel["kernel"]] = (data["kernels"][kernel["kernel"]], kernel["kind"])
    return list(found.values())


KERNELS = kernels()


def translated_or_refused(text: str, kind: str) -> None:
    with suppress(tt.CppError):
        read(text, kind, name="k.cpp")


def mutated(r: random.Random, text: str) -> str:
    """A kernel with tokens or lines left out, doubled, swapped, cut off, or put in."""
    pieces = TOKEN.findall(text) if r.random() < 0.7 else text.splitlines(keepends=True)
    for _ in range(r.choice([1, 1, 2, 5])):
        i, j = r.randrange(len(pieces)), r.randrange(len(pieces))
        change = r.randrange(7)
        if change == 0:
            pieces[i] = ""
        elif change == 1:
            pieces.insert(i, pieces[j])
        elif change == 2:
            pieces[i], pieces[j] = pieces[j], pieces[i]
        elif change == 3:
            pieces[i] = r.choice(WORDS)
        elif change == 4:
            pieces.insert(i, " ".join(r.choice(WORDS) for _ in range(r.randrange(6))))
        elif change == 5:
            pieces.insert(i, chr(r.randrange(0x110000)) + r.choice("([{") * r.choice([1, 40]))
        else:
            pieces[i:] = pieces[i : i + r.choice([0, 30])]
        pieces = pieces or [";"]
    return "".join(pieces)


fast = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@fast
@given(st.integers(0, 1 << 32), st.sampled_from(KERNELS))
def test_mutated_kernels(seed: int, kernel: tuple[str, str]) -> None:
    translated_or_refused(mutated(random.Random(seed), kernel[0]), kernel[1])


@fast
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.sampled_from(["reader", "writer", "compute"]))
def test_token_soup(words: list[str], kind: str) -> None:
    translated_or_refused(f"void kernel_main() {{ int x = 0, y = 1; {' '.join(words)} }}", kind)


@fast
@given(st.text(alphabet=st.characters(), max_size=80), st.booleans())
def test_any_characters(text: str, inside: bool) -> None:
    translated_or_refused(f"void kernel_main() {{ {text} }}" if inside else text, "reader")


DEEP = {
    "parentheses": "int a = " + "(" * 3000 + "1" + ")" * 3000 + ";",
    "signs": "int a = " + "- " * 3000 + "1;",
    "sums": "int a = 1" + " + 1" * 3000 + ";",
    "blocks": "if (get_arg_val<uint32_t>(0)) {" * 120 + "}" * 120,
    "loops": "".join(f"for (int i{k} = 0; i{k} < 2; i{k}++) {{" for k in range(30)) + "}" * 30,
    "templates": "f" + "<a" * 1000 + ">" * 1000 + "(1);",
    "digits": "uint64_t a = " + "9" * 100_000 + ";",
    "shifts": "uint32_t a = 1 << 2000000000;",
    "elements": "uint32_t a[4000000000] = {1};",
    "names": "".join(f"f{k}();" for k in range(500)),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_large_texts(name: str) -> None:
    translated_or_refused(f"void kernel_main() {{ {DEEP[name]} }}", "reader")


MACROS = {
    "condition_shift": "#if 1 << 99999999999\n#endif",
    "condition_deep": "#if " + "(" * 3000 + "1" + ")" * 3000 + "\n#endif",
    "function_doubles": "#define D(x) x x\nint a = " + "D(" * 40 + "1" + ")" * 40 + ";",
    "tenfold": "#define A0 x\n" + "".join(f"#define A{k + 1} {f'A{k} ' * 10}\n" for k in range(9)) + "A9",
    "itself": "#define f(x) f(f(x))\n#define g f(g)\nint a = f(g(f(1)));",
    "no_name": "#define\n#undef\n#ifdef\n#endif",
    "unended": "#define f(\n#if\n",
    "global_loop": "constexpr int f(int x) { while (true) {} return 1; }\nconstexpr int x = f(3);",
    "builtins": "constexpr uint32_t __builtins__ = 2;\nenum E { A, B };",
    "not_a_file": '#include "."\n#include "/dev/zero"\n',
}


@pytest.mark.parametrize("name", MACROS)
def test_macros_and_constants(name: str) -> None:
    translated_or_refused(f"{MACROS[name]}\nvoid kernel_main() {{}}\n", "reader")
