"""What the engine does other than its calls say: an operation after another's init, or with another CB's format.

Told of programs that finish, as hints: the model carries out what was programmed, and a program may want that. What a
tilize, an untilize or a reduce leaves behind counts, too. Left out: an SFPU init of another operation in
between, and pages that CBs share.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..debug.hang.foreign import foreign
from ..debug.hang.init_words import init_of
from ..debug.hang.promises import Promises
from ..sim.device import Core, Device
from ..sim.formats import Format
from ..sim.trace import Site
from ..sim.work import Kind as Entry
from ..sim.work import PackConf, UnpackConf, Work
from .findings import Finding, Kind

_WITH_CONSTANTS = (
    *("exp_tile", "exp2_tile", "expm1_tile", "log_tile", "log1p_tile", "recip_tile", "sqrt_tile", "rsqrt_tile"),
    *("gelu_tile", "sigmoid_tile", "tanh_tile", "erf_tile", "erfc_tile"),
)


def programmed(device: Device, open_: set[tuple[int, int]]) -> Iterator[Finding]:
    """At most one finding a line. `open_`: cores that are not decided."""
    promises = Promises()
    for core in device.cores.values():
        if core.xy in open_ or core.unpack.coro is None:
            continue
        told: set[str] = set()
        for sentence, place in (
            *_operations(core),
            *_formats(core),
            *_kept(core),
            *_masks(core),
            *_empty(core),
            *_constants(core, promises),
        ):
            if str(place) not in told:
                told.add(str(place))
                yield Finding(Kind.PROGRAMMED, sentence, (str(place),), cores=(core.xy,))


def _works(core: Core, kind: Entry) -> Iterator[Work]:
    risc = {Entry.UNPACK: core.unpack, Entry.MATH: core.math, Entry.PACK: core.pack}[kind]
    yield from (entry for entry in risc.queue if isinstance(entry, Work) and entry.kind is kind)


def _operations(core: Core) -> Iterator[tuple[str, Site]]:
    for work in _works(core, Entry.MATH):
        program = foreign(work)
        if program:
            init = init_of(str(work.detail), work.site.text)
            own = f"{init} has to come before it" if init else "its own init has to come before it"
            yield f"{work.detail} runs what another operation's init has programmed, {program}: {own}", work.site


def _formats(core: Core) -> Iterator[tuple[str, Site]]:
    for work in _works(core, Entry.UNPACK):
        conf = work.conf
        if not isinstance(conf, UnpackConf) or conf.program is None:
            continue
        if not conf.program.only_b:
            yield from _format(core, work, work.a, conf.format_a, "SrcA", "reconfig_data_format_srca")
        if conf.program.reads == 2 or conf.program.only_b:
            yield from _format(core, work, work.b, conf.format_b, "SrcB", "reconfig_data_format_srcb")
    for work in _works(core, Entry.PACK):
        if isinstance(work.conf, PackConf):
            yield from _format(core, work, work.a, work.conf.format, "the packer", "pack_reconfig_data_format")


def _format(core: Core, work: Work, at: int, is_set: Format | None, who: str, call: str) -> Iterator[tuple[str, Site]]:
    cb = core.cb_at(at)
    if cb is not None and not cb.aliased and is_set is not None and is_set is not cb.format:
        names = f"{who} is set to {is_set.name.lower()}, and {cb} holds {cb.format.name.lower()}"
        yield f"{work.detail}: {names}; {call}({cb}) has to come before it", work.site


def _kept(core: Core) -> Iterator[tuple[str, Site]]:
    """Whole tiles that are unpacked, or packed, as rows."""
    for work in _works(core, Entry.UNPACK):
        if isinstance(work.conf, UnpackConf) and work.conf.rows and work.detail != "tilize_block":
            yield f"{work.detail}: the unpacker still reads rows; tilize_uninit has to come before it", work.site
    for work in _works(core, Entry.PACK):
        if isinstance(work.conf, PackConf) and work.conf.untilize and "untilize" not in str(work.detail):
            yield f"{work.detail}: the packer still writes rows; pack_untilize_uninit has to come before it", work.site


def _masks(core: Core) -> Iterator[tuple[str, Site]]:
    """Sections that no reduce has filled, packed with reduce's mask: the n-th that MATH closes is the n-th that PACK opens."""
    filled = [
        [str(work.conf.program.name) for work in works if work.kind is Entry.MATH and work.conf.program]
        for works in _sections(core, Entry.MATH)
    ]
    for names, packs in zip(filled, _sections(core, Entry.PACK), strict=False):
        if any(name.startswith("reduce") for name in names):
            continue
        for work in packs:
            if isinstance(work.conf, PackConf) and work.conf.mask is not None:
                said = "the packer still has reduce's mask, which keeps a part of each face and makes the rest 0"
                yield f"{work.detail}: {said}; reduce_uninit has to come before it", work.site


def _empty(core: Core) -> Iterator[tuple[str, Site]]:
    """Tiles of DST that are packed, and that no operation of their section has written: they hold zeros."""
    written = [{work.target(k) for work in works for k in range(work.n)} for works in _sections(core, Entry.MATH)]
    for tiles, packs in zip(written, _sections(core, Entry.PACK), strict=False):
        for work in packs:
            bare = next((tile for tile in map(work.target, range(work.n)) if tile not in tiles), None)
            if bare is not None:
                said = (
                    f"DST tile {bare} is packed, and nothing between tile_regs_acquire and tile_regs_commit writes it"
                )
                yield f"{work.detail}: {said}: it holds zeros", work.site


def _constants(core: Core, promises: Promises) -> Iterator[tuple[str, str]]:
    """SFPU operations without their init, which the model can do without."""
    calls = promises.calls(core.math) if promises.clear(core.math) else []
    for made in calls:
        init = f"{made.call}_init"
        if made.call in _WITH_CONSTANTS and not any(other.call == init for other in calls):
            said = f"{init} is never called; on the chip it loads the constants of {made.call}, which the model does without"
            yield f"{said}: call it before {made.call}", promises.line(core.math, made)


def _sections(core: Core, kind: Entry) -> Iterator[list[Work]]:
    """The tiles of each DST section, in order."""
    close, risc = (Entry.COMMIT, core.math) if kind is Entry.MATH else (Entry.RELEASE, core.pack)
    works: list[Work] = []
    for entry in risc.queue:
        if isinstance(entry, Work):
            works += [entry] if entry.kind in (kind, Entry.SFPU) else []
            for _ in range(entry.n // entry.per if entry.per else 0):
                yield works
                works = [entry]
            works = [] if entry.per else works
        elif entry.kind is close:
            yield works
            works = []
