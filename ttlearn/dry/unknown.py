"""What a load gives when there are no data: arithmetic goes on with it, a decision ends the RISC's dry run.

Left out: what could still be told of a value (its range, its parity).
"""

from __future__ import annotations

from typing import Any, NoReturn


class NotDecidable(Exception):
    """From here on it depends on data what this RISC does. Never an error of the program."""


class Unknown:
    """A number, or an array, that only a real run knows."""

    def _more(self, *_: Any) -> Unknown:
        return self

    def _decide(self, *_: Any) -> NoReturn:
        raise NotDecidable("it depends on data that a kernel loads")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = _more
    __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = _more
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = __and__ = __rand__ = __or__ = __ror__ = _more
    __xor__ = __rxor__ = __invert__ = __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = _more
    __eq__ = __ne__ = _more  # type: ignore[assignment]
    __bool__ = __index__ = __int__ = __float__ = __iter__ = __len__ = __contains__ = __round__ = _decide
    __hash__ = _decide  # type: ignore[assignment]

    def __setitem__(self, key: Any, value: Any) -> None:
        """Bytes that a kernel stores are as unknown as those it loads."""

    def view(self, *_: Any) -> Unknown:
        """Numpy's: the same bytes as other numbers."""
        return self

    def item(self) -> Unknown:
        """Numpy's: one of them."""
        return self

    def copy(self) -> Unknown:
        """Numpy's."""
        return self

    def astype(self, *_: Any) -> Unknown:
        """Numpy's."""
        return self

    def __format__(self, spec: str) -> str:
        return "?"

    def __repr__(self) -> str:
        return "?"


UNKNOWN = Unknown()
