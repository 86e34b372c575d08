"""A recording in words: what it is, its last steps, and how everything stands at its end."""

from __future__ import annotations

from collections.abc import Iterator

from .recording import Recording

LAST = 6  # steps that are told


def text(recording: Recording) -> str:
    """For where no widget runs. The same run gives the same text."""
    return "\n".join([*_head(recording), *_last(recording), *_riscs(recording), *_buffers(recording)])


def _head(recording: Recording) -> Iterator[str]:
    ends = "it hangs" if recording.hung else "it finishes"
    yield (
        f"A run on {recording.facts['chip']}, core {recording.core}, step by step: {recording.total:,} steps, "
        f"{recording.cycles:,} cycles (model); {ends}."
    )
    if recording.words:
        yield f"Recorded: {recording.words}."


def _last(recording: Recording) -> Iterator[str]:
    yield "The last steps:"
    for step in [step for step in recording.steps if step.told][-LAST:]:
        for k, line in enumerate(step.told):
            yield f"  {f'{step.cycle:,}' if not k else '':>9}  {line}"


def _riscs(recording: Recording) -> Iterator[str]:
    state = recording.state(len(recording.steps))
    yield "Where everything stands then:"
    for risc in recording.facts["riscs"]:
        what, place, words = state[f"risc {risc['name']}"]
        site = None if place is None else recording.facts["places"][place]
        at = f" at {site['where']}: `{site['text']}`" if site is not None and what in ("run", "wait") else ""
        yield f"  {risc['role'] or risc['name']:<7} {words or 'runs'}{at}"
    for key, (what, _, words) in ((key, value) for key, value in state.items() if key.startswith("thread ")):
        if what != "idle":
            yield f"  {key.removeprefix('thread ')}'s engine {words}"


def _buffers(recording: Recording) -> Iterator[str]:
    state = recording.state(len(recording.steps))
    for cb in recording.facts["cbs"]:
        if cb["index"] in recording.facts["used"]:
            pushed, popped = (state[f"cb {cb['index']} {what}"] for what in ("pushed", "popped"))
            yield f"  {'c_' + str(cb['index']):<7} pushed {pushed:,}, popped {popped:,} of {cb['pages']:,} pages"
