"""Counts as polynomials in names: `2*Ht*Wt + 1`. A quotient `Wt // 4` that does not come out even is a name too.

Left out: anything that depends on data, which is no polynomial but None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Monomial = tuple[tuple[str, int], ...]  # ((name, power), …), sorted


@dataclass(frozen=True)
class Poly:
    """A sum of monomials. `quotients` says what its names of the form `a // b` stand for."""

    terms: Mapping[Monomial, Fraction]
    quotients: Mapping[str, tuple[Poly, Poly]] = field(default_factory=dict)

    @property
    def constant(self) -> Fraction | None:
        """Its value, if no name is in it."""
        if not self.terms:
            return Fraction(0)
        return self.terms[()] if set(self.terms) == {()} else None

    @property
    def names(self) -> set[str]:
        return {name for monomial in self.terms for name, _ in monomial}

    def __add__(self, other: Poly) -> Poly:
        terms = dict(self.terms)
        for monomial, factor in other.terms.items():
            terms[monomial] = terms.get(monomial, Fraction(0)) + factor
        return _poly(terms, self, other)

    def __sub__(self, other: Poly) -> Poly:
        return self + other * number(-1)

    def __mul__(self, other: Poly) -> Poly:
        terms: dict[Monomial, Fraction] = {}
        for m1, f1 in self.terms.items():
            for m2, f2 in other.terms.items():
                monomial = _product(m1, m2)
                terms[monomial] = terms.get(monomial, Fraction(0)) + f1 * f2
        return _poly(terms, self, other)

    def __floordiv__(self, other: Poly) -> Poly:
        divisor = other.constant
        if divisor and all((factor / divisor).denominator == 1 for factor in self.terms.values()):
            return _poly({m: f / divisor for m, f in self.terms.items()}, self)
        if divisor and self.constant is not None:
            return number(self.constant // divisor)
        label = f"({_within(self)} // {_within(other)})"
        made = Poly({((label, 1),): Fraction(1)}, {**self.quotients, **other.quotients, label: (self, other)})
        return number(1) if self.terms == other.terms else made

    def replaced(self, label: str, value: Poly) -> Poly:
        """With `value` in the place of a name."""
        total = number(0)
        for monomial, factor in self.terms.items():
            part = Poly({tuple(p for p in monomial if p[0] != label): factor}, self.quotients)
            for _ in range(dict(monomial).get(label, 0)):
                part = part * value
            total = total + part
        return total

    def summed(self, label: str, trips: Poly) -> Poly | None:
        """The sum over `label` = 0 … trips-1; None beyond squares."""
        total, one, t = number(0), number(1), trips
        sums = [t, t * (t - one) * number(Fraction(1, 2)), t * (t - one) * (t + t - one) * number(Fraction(1, 6))]
        for monomial, factor in self.terms.items():
            power = dict(monomial).get(label, 0)
            if power >= len(sums):
                return None
            rest = Poly({tuple(p for p in monomial if p[0] != label): factor}, self.quotients)
            total = total + rest * sums[power]
        return total

    def exact(self) -> Poly:
        """As if every quotient came out even."""
        made = self
        for label, (top, bottom) in self.quotients.items():
            inverse = _inverse(bottom.exact())
            if label in made.names and inverse is not None:
                made = made.replaced(label, top.exact() * inverse)
        return made

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        ordered = sorted(self.terms.items(), key=lambda item: (-sum(p for _, p in item[0]), item[0]))
        text = " + ".join(_shown(monomial, factor) for monomial, factor in ordered)
        return text.replace("+ -", "- ")


def number(value: int | Fraction) -> Poly:
    return Poly({(): Fraction(value)} if value else {})


def name(label: str) -> Poly:
    return Poly({((label, 1),): Fraction(1)})


def _poly(terms: Mapping[Monomial, Fraction], *sources: Poly) -> Poly:
    quotients = {label: parts for source in sources for label, parts in source.quotients.items()}
    return Poly({m: f for m, f in terms.items() if f}, quotients)


def _product(a: Monomial, b: Monomial) -> Monomial:
    powers = dict(a)
    for label, power in b:
        powers[label] = powers.get(label, 0) + power
    return tuple(sorted((label, power) for label, power in powers.items() if power))


def _inverse(value: Poly) -> Poly | None:
    """1 / value, for a single monomial."""
    if len(value.terms) != 1:
        return None
    [(monomial, factor)] = value.terms.items()
    return Poly({tuple((label, -power) for label, power in monomial): 1 / factor})


def _shown(monomial: Monomial, factor: Fraction) -> str:
    parts = [label if power == 1 else f"{label}^{power}" for label, power in monomial]
    if not parts or abs(factor) != 1:
        parts.insert(0, str(factor))
    return ("-" if factor == -1 and monomial else "") + "*".join(parts)


def _within(value: Poly) -> str:
    return str(value) if len(value.terms) < 2 else f"({value})"
