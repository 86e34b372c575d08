"""`tt.cpp.ledger`: counts from the text alone, as formulas or numbers, and what does not balance."""

from __future__ import annotations

import golden
import numpy as np
import pytest
from golden import Case

import ttlearn as tt
from ttlearn.count.poly import Poly, name, number
from ttlearn.count.sides import state
from ttlearn.layernorm.op import build, make_job

READER = """void kernel_main() {
    uint32_t Ht = get_arg_val<uint32_t>(1);
    constexpr uint32_t Wt = get_compile_time_arg_val(0);
    for (uint32_t r = 0; r < Ht; r++) {
        cb_reserve_back(0, Wt);
        noc_async_read_barrier();
        cb_push_back(0, Wt);
    }
}
"""
WRITER = """void kernel_main() {
    uint32_t Ht = get_arg_val<uint32_t>(1);
    constexpr uint32_t Wt = get_compile_time_arg_val(0);
    for (uint32_t r = 0; r < Ht; r++) for (uint32_t t = 0; t < Wt; t++) { cb_wait_front(0, 1); cb_pop_front(0, 1); }
    cb_wait_front(0, 1);
    cb_pop_front(0, 1);
}
"""


def test_the_whole_ledger_of_a_reader_and_a_writer() -> None:
    book = tt.cpp.ledger(tt.cpp.read(READER, "reader"), tt.cpp.read(WRITER, "writer"))
    assert (
        repr(book)
        == """\
kernel      line  RISC    call                      in each trip of
-------------------------------------------------------------------
reader.cpp  5     NCRISC  cb_reserve_back(0, Wt)    r<Ht
reader.cpp  6     NCRISC  noc_async_read_barrier()  r<Ht
reader.cpp  7     NCRISC  cb_push_back(0, Wt)       r<Ht
writer.cpp  4     BRISC   cb_wait_front(0, 1)       r<Ht · t<Wt
writer.cpp  4     BRISC   cb_pop_front(0, 1)        r<Ht · t<Wt
writer.cpp  5     BRISC   cb_wait_front(0, 1)
writer.cpp  6     BRISC   cb_pop_front(0, 1)

CB   kernel      RISC    reserves  pushes  waits  pops  in all         balance
--------------------------------------------------------------------------------
c_0  reader.cpp  NCRISC  Wt        Wt                   Ht*Wt in       ≠ differs
     writer.cpp  BRISC                     1      1     Ht*Wt + 1 out

Imbalances:
  c_0: reader.cpp pushes Ht*Wt pages in all, writer.cpp pops Ht*Wt + 1"""
    )


def test_arguments_turn_formulas_into_numbers() -> None:
    book = tt.cpp.ledger((READER, "reader"), args=[4], runtime_args=[0, 3])
    assert book.cbs["c_0"][0].pushed == number(12)


def test_html_has_both_tables_and_the_findings() -> None:
    shown = tt.cpp.ledger(tt.cpp.read(READER, "reader"), tt.cpp.read(WRITER, "writer"))._repr_html_()
    assert shown.count("<table>") == 2 and "<li>c_0: reader.cpp pushes Ht*Wt pages in all" in shown


def test_the_kind_of_a_text_is_found_from_its_calls() -> None:
    text = "void kernel_main() { tile_regs_acquire(); copy_tile(0, 0, 0); tile_regs_commit(); }"
    assert {entry.role for entry in tt.cpp.ledger(text).entries} == {"MATH"}


def loop(body: str) -> str:
    return f"void kernel_main() {{ uint32_t n = get_arg_val<uint32_t>(0); {body} }}"


@pytest.mark.parametrize(
    ("body", "pushed"),
    [
        ("for (uint32_t i = 0; i < n; i++) cb_push_back(0, i + 1);", "1/2*n^2 + 1/2*n"),
        ("for (uint32_t i = 2; i < n; i += 2) cb_push_back(0, 2);", "2*((n - 2) // 2)"),
        ("if (n == 3) { cb_push_back(0, 1); }", "[n == 3]"),
        ("if (n > 3) cb_push_back(0, 2); else cb_push_back(0, 5);", "-3*[n > 3] + 5"),
        ("for (uint32_t i = n; i > 0; i--) cb_push_back(0, 1);", "n"),
        ("uint32_t k = 3; k = k * n; cb_push_back(0, k);", "3*n"),
    ],
)
def test_counts_are_formulas_in_the_kernels_own_names(body: str, pushed: str) -> None:
    assert str(tt.cpp.ledger((loop(body), "reader")).cbs["c_0"][0].pushed) == pushed


@pytest.mark.parametrize(
    "body",
    [
        "volatile tt_l1_ptr uint32_t* p = (volatile tt_l1_ptr uint32_t*)get_write_ptr(0); cb_push_back(0, p[0]);",
        "while (n > 2) { cb_push_back(0, 1); n--; }",
        "for (uint32_t i = 0; i < n; i++) if (i < n - 1) cb_push_back(0, 1);",
        "for (uint32_t i = 0; i < n; i++) { cb_push_back(0, 1); if (i == 2) break; }",
        "uint32_t k = 1; for (uint32_t i = 0; i < n; i++) { cb_push_back(0, k); k = k + k; }",
    ],
)
def test_what_depends_on_data_or_changes_from_trip_to_trip_is_not_decidable(body: str) -> None:
    writer = "void kernel_main() { cb_wait_front(0, 4); cb_pop_front(0, 4); }"
    book = tt.cpp.ledger((loop("cb_reserve_back(0, 1);" + body), "reader"), (writer, "writer"))
    assert state(book.cbs["c_0"]) == "not decidable"
    assert book.imbalances == ()


SETS = ("programs", "programs_fp32", "hangs", "wrong_data")
CASES = [case for name in SETS for case in golden.load_cpp(name)]
FOUND = {
    "h01_reader_pushes_fewer": "c_0: p_rd.cpp pushes 3 pages in all, p_cp.cpp pops 4",
    "h03_writer_counts_sticks": "c_16: h03_cp.cpp pushes 2 pages in all, h03_wr.cpp pops 32",
    "h08_pop_missing": "c_0: p_rd.cpp pushes 4 pages into a CB that has 2, and nobody pops",
    "h13_intermediate_cb_too_small": "c_1: h13_cp.cpp line 22 asks for 4 pages of a CB that has 2",
    "h15_cumulative_wait_with_pop": (
        "c_0: h15_cp.cpp line 18 waits for 2*b + 2 pages, more in each trip of b<n // 2, but line 23 pops in that loop: "
        "a wait counts only the pages that are still there"
    ),
    "h17_release_missing": ("h17_cp.cpp: tile_regs_… calls do not match: acquire 4, commit 4, wait 4, release 0 times"),
    "h18_acquire_twice": "h18_cp.cpp: tile_regs_… calls do not match: acquire 8, commit 4, wait 4, release 4 times",
    "h21_gamma_one_tile": "c_4: h21_cp.cpp line 17 waits for 4 pages at once, h21_rd.cpp pushes 1 in all",
    "h29_no_hw_startup": (
        "h29_cp.cpp never calls compute_kernel_hw_startup: on a fresh core its engine is not configured"
    ),
    "ok5_leftover_in_cb": "c_0: p_rd.cpp pushes 4 pages in all, p_cp.cpp pops 2",
    "w16_row2_shifted": "c_0: w16_rd.cpp pushes 64 pages in all, w16_cp.cpp pops 4",
}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_golden_programs_show_their_imbalance_or_none(case: Case) -> None:
    book = tt.cpp.ledger(golden.descriptor(case, golden.tensors(case, {}), {}))
    if case.name in FOUND:
        assert FOUND[case.name] in book.imbalances
    else:
        assert book.imbalances == ()
    assert all(len(line) <= 100 for line in repr(book).splitlines())


@pytest.mark.parametrize("pages", ["sticks", "tiles"])
@pytest.mark.parametrize("recentre", [False, True])
def test_the_op_without_helpers_is_balanced(pages: str, recentre: bool) -> None:
    job = make_job(np.zeros((64, 128)), np.ones(128), np.ones(128), style="raw", pages=pages, recentre=recentre)
    book = tt.cpp.ledger(build(job))
    assert book.imbalances == ()
    assert {"c_0", "c_16"} <= {label for label, sides in book.cbs.items() if state(sides) == "balanced"}


def test_a_quotient_stays_one_until_it_is_taken_as_even() -> None:
    whole = name("Wt") // name("B") * name("B")
    assert str(whole) == "(Wt // B)*B"
    assert not (whole.exact() - name("Wt")).terms


def test_sums_of_squares() -> None:
    i = name("i")
    assert [(i * i).summed("i", number(n)) for n in range(5)] == [
        number(sum(k * k for k in range(n))) for n in range(5)
    ]


def test_a_poly_knows_its_constant() -> None:
    assert Poly({}).constant == 0 and number(7).constant == 7 and name("n").constant is None
