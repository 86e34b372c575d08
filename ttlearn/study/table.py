"""The whole study as a text of at most 100 columns. Left out: the picture (picture)."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill

from ..layernorm.golden import ATOL, FROBENIUS, PCC, RTOL
from .cases import blocks, epsilons, fidelities, offsets, scales, widths
from .ones import Ones, ones
from .section import PAGE, Section

_HEAD = (
    "Layernorm's error: 32 rows of bf16, no gamma, no beta, epsilon 1e-5, HiFi4, unless said. Wormhole, resident in L1, exact "
    "arithmetic; against float64 on the same bf16 numbers. `!`: outside the vendor's bounds for bf16 "
    f"(rtol {RTOL:g}, atol {ATOL:g}, PCC {PCC:g}, relative Frobenius error {FROBENIUS:g})."
)


@dataclass(frozen=True)
class Study:
    """All sections. `print(study())` shows them; `study.picture.picture(made)` draws them."""

    widths: Section
    offsets: Section
    epsilons: Section
    scales: Section
    fidelities: Section
    blocks: Section
    ones: Ones

    def __repr__(self) -> str:
        sections = (self.widths, self.offsets, self.epsilons, self.scales, self.fidelities, self.blocks, self.ones)
        return "\n\n".join([fill(_HEAD, PAGE), *map(repr, sections)])


def study() -> Study:
    """Run everything: some twenty seconds."""
    return Study(widths(), offsets(), epsilons(), scales(), fidelities(), blocks(), ones())
