"""Every numeral in a notebook's prose stands in code or outputs of its section, or has its source in `prose_numbers.toml`.

The ledger holds phrases of a notebook's prose, each with the source of the numerals in it. Left out: numbers in words,
and whether a number that code or output holds means there what the prose says: small ones often stand there by chance.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from notebook_code import NOTEBOOKS, SOLVED, notebook_of

Cells = list[dict[str, Any]]
LEDGER: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("prose_numbers.toml").read_text("utf-8"))
TILE = {"0", "1", "2", "16", "32", "1024", "2048"}  # rows and elements of a tile and its faces, bytes: said everywhere
# the 16 of "16-bit"; not that of "bf16", nor a version as "0.81.1"
NUMERAL = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?!\.?\w)")
ID = r"\d\d[ab]?(?:\.p?\d+)?"
NO_PROSE = re.compile(
    r"^```.*?^```|`[^`]+`|^    .*?$"  # code blocks and code spans
    rf"|\[{ID}[^\]]*\]\([^)]*\)|\]\([^)]*\)"  # links to notebooks, targets of other links
    rf"|(?:[Nn]otebooks?|[Ee]xercises?)\s{ID}(?:(?:, | and | to ){ID})*|(?<![\w.])0\d[ab]?\b(?!\.)"  # and their ids
    r"|^#+ \d+[ab]? |\b[Ss]ections?\s\d+(?:(?: and | to )\d+)?|^\d+\. |>Tip \d<"  # headings, references to them, lists
    r"|^[^\n]*\(estimated\)[^\n]*$",  # minutes
    re.M | re.S,
)


@dataclass(frozen=True)
class Section:
    """What stands below one `##`: texts of its markdown, and what its code cells and their outputs show."""

    prose: list[str]
    shown: list[str]


def sections(cells: Cells) -> list[Section]:
    found = [Section([], [])]
    for cell in cells:
        if cell["cell_type"] == "code":
            found[-1].shown.extend(shown(cell))
        else:
            before, *headed = re.split(r"^(?=## )", "".join(cell["source"]), flags=re.M)
            found[-1].prose.append(prose(before))
            found += [Section([prose(text)], []) for text in headed]
    return found


def prose(markdown: str) -> str:
    """What a reader reads as sentences, in one line; an ellipsis stands for what is cut out."""
    return " ".join(NO_PROSE.sub("…", markdown).split())


def shown(cell: dict[str, Any]) -> list[str]:
    told = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell["outputs"]]
    return ["".join(text) for text in [cell["source"], *told]]


def plain(numeral: str) -> str:
    """1,024 is 1024."""
    return numeral.replace(",", "")


def numerals(texts: Iterable[str]) -> set[str]:
    return {plain(numeral) for text in texts for numeral in NUMERAL.findall(text)}


def unsourced(cells: Cells, phrases: Iterable[str]) -> list[str]:
    """Numerals that neither their section nor a phrase of the ledger holds, each with the words around it.

    A section without code, as a summary, may take its numbers from the whole notebook.
    """
    found, parts = [], sections(cells)
    everywhere = [text for part in parts for text in part.shown]
    for part in parts:
        known = TILE | numerals(part.shown or everywhere)
        for text in part.prose:
            for phrase in phrases:
                text = text.replace(phrase, "…")
            without = [match for match in NUMERAL.finditer(text) if plain(match[0]) not in known]
            found += [text[max(0, match.start() - 60) : match.end() + 30] for match in without]
    return found


def stale(cells: Cells, phrases: dict[str, str]) -> list[str]:
    """Phrases that nobody reads any more, that hold no numeral, or that have no source."""
    texts = [text for part in sections(cells) for text in part.prose]
    good = [phrase for phrase, source in phrases.items() if NUMERAL.search(phrase) and source.strip()]
    return [phrase for phrase in phrases if phrase not in good or not any(phrase in text for text in texts)]


def read(path: Path) -> Cells:
    found: Cells = json.loads(path.read_text("utf-8"))["cells"]
    return found


# ---- the tests ------------------------------------------------------------------------------------------------

solved = pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)


@solved
def test_every_numeral_is_computed_or_has_a_source(path: Path) -> None:
    told = unsourced(read(path), LEDGER.get(notebook_of(path), {}))
    assert told == [], "compute these in their section, or add the phrase and its source to tests/prose_numbers.toml"


@solved
def test_the_ledger_holds_no_phrase_that_nobody_reads_any_more(path: Path) -> None:
    assert stale(read(path), LEDGER.get(notebook_of(path), {})) == []


def test_the_ledger_names_notebooks_that_there_are() -> None:
    assert set(LEDGER) <= set(NOTEBOOKS)


# ---- the tests of the test ---------------------------------------------------------------------------------------


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": [text]}


def code(source: str, output: str = "") -> dict[str, Any]:
    return {"cell_type": "code", "source": [source], "outputs": [{"output_type": "stream", "text": [output]}]}


def test_a_numeral_of_the_code_or_of_an_output_is_known() -> None:
    cells = [markdown("4,096 bytes, 37.5 % of them, 1e-5 off"), code("size = 4096", "37.5% at epsilon 1e-5")]
    assert unsourced(cells, ()) == []


@pytest.mark.parametrize("source", ["", "size = 4097", "size4096 = f4096(bf4096)", "x = 0.4096"])
def test_any_other_numeral_is_told_with_its_words(source: str) -> None:
    assert unsourced([markdown("A page has 4,096 bytes."), code(source)], ()) == ["A page has 4,096 bytes."]


def test_another_section_does_not_vouch_for_it_unless_there_is_no_code() -> None:
    cells = [
        markdown("## 1 A\n\n77"),
        code("78"),
        markdown("That was 78.\n## 2 B\n\n78"),
        code("77"),
        markdown("## C\n77"),
    ]
    assert unsourced(cells, ()) == ["…A 77", "…B 78"]


def test_a_phrase_of_the_ledger_vouches_for_its_own_numerals_only() -> None:
    assert unsourced([markdown("DRAM has 12\nbanks. A dozen is 12.")], ["DRAM has 12 banks"]) == ["…. A dozen is 12."]


@pytest.mark.parametrize(
    "text",
    [
        "```cpp\nx = 77;\n```\n",
        "`cb_pop_front(77)`",
        "c_77, bf77, SrcA77, 0.77.1",
        "## 77 Title\n\n77. one\n<summary>Tip 7</summary>",
        "notebooks 11, 12a and 13; exercise 12.3; section 77; as in 05; [12 Numbers](12_numbers.ipynb), [x](y77)",
        "Full route. About 77 minutes (estimated). You need: 77.",
    ],
)
def test_code_names_and_references_are_no_prose(text: str) -> None:
    assert unsourced([markdown(text)], ()) == []


@pytest.mark.parametrize(
    ("phrase", "source"),
    [("12 tanks", "ISA"), ("banks", "ISA"), ("12 banks", " ")],
    ids=["not in the prose", "no numeral", "no source"],
)
def test_an_entry_that_says_nothing_is_stale(phrase: str, source: str) -> None:
    assert stale([markdown("DRAM has 12 banks.")], {"DRAM has 12 banks": "ISA", phrase: source}) == [phrase]
