"""Words for a wrong `await`, found from the place where it stands.

Left out: where to look; the scheduler and the waits do that.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from itertools import islice

from ..cells.place import OURS
from .trace import Site

_BARRIERS = {  # what a call starts, and where one waits for it
    "noc_async_read": ("the transfer", "noc_async_read_barrier()"),
    "noc_async_write": ("the transfer", "noc_async_write_barrier()"),
    "noc_semaphore_inc": ("the increment", "noc_async_atomic_barrier()"),
    "noc_semaphore_set_multicast": ("the transfer", "noc_async_write_barrier()"),
    "noc_semaphore_set_remote": ("the transfer", "noc_async_write_barrier()"),
    "noc_inline_dw_write": ("the transfer", "noc_async_write_barrier()"),
}


def in_helper(site: Site) -> str:
    """What to change beside the call, if it stands in a helper that cannot wait."""
    code = site.code
    named = code.co_name.isidentifier() and not code.co_filename.startswith(OURS)
    if not named or code.co_flags & inspect.CO_COROUTINE:
        return ""
    name = code.co_name
    return f", make it `async def {name}(...)`, and write `await {name}(...)` where it is called"


def awaited(site: Site) -> str:
    """What is awaited at `site` that does not wait, with its line, and what to write instead."""
    name = _call(site)
    if not name:
        return f"a call that waits for nobody, at {site}: write it without `await`"
    begun = next((told for start, told in _BARRIERS.items() if name.startswith(start)), None)
    if begun is None or name.endswith("set_state"):
        return f"`{name}` at {site}: it waits for nobody, so remove `await`"
    what, barrier = begun
    return f"`{name}` at {site}: it only starts {what}; remove `await`, and wait at `await {barrier}`"


def _call(site: Site) -> str:
    """The name of the function whose call is awaited; empty if the source cannot be had."""
    first, last, start, end = next(islice(site.code.co_positions(), site.lasti // 2, None))
    lines = linecache.getlines(site.code.co_filename)
    if first is None or last is None or last > len(lines):
        return ""
    text = lines[first - 1 : last]
    text[-1] = text[-1].encode()[:end].decode(errors="replace")
    text[0] = text[0].encode()[start:].decode(errors="replace")
    try:
        node = ast.parse("(" + "".join(text) + ")", mode="eval").body
    except SyntaxError:
        return ""
    call = node.value if isinstance(node, ast.Await) else node
    return call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
