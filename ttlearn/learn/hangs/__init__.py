"""The hang clinic: small programs that hang, or finish with wrong data, each with its story, its cause and its cure.

`CATALOGUE` lists them, the three of the execution log first; `entry(name)` finds one. To see one hang:
`generic_op(*entry("producer_short").broken())`. Left out: programs that are slow and right.
"""

from . import cores, counts, engine, gather, hazards, kept, log, log_gamma, paths, popped
from .entry import Entry, Fault

__all__ = ["CATALOGUE", "Entry", "Fault", "entry"]

CATALOGUE: tuple[Entry, ...] = (
    log.ENTRIES[0],
    *log_gamma.ENTRIES,
    log.ENTRIES[1],
    *counts.ENTRIES,
    *kept.ENTRIES,
    *popped.ENTRIES,
    *paths.ENTRIES,
    *engine.ENTRIES,
    *cores.ENTRIES,
    *gather.ENTRIES,
    *hazards.ENTRIES,
)


def entry(name: str) -> Entry:
    """The entry of that name."""
    found = next((e for e in CATALOGUE if e.name == name), None)
    if found is None:
        raise KeyError(f"the hang clinic has no {name!r}; it has {', '.join(e.name for e in CATALOGUE)}")
    return found
