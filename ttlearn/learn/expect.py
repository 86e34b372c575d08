"""`expect`: a cell that is meant to fail says so, and fails if it does not.

A notebook's own tag for that only allows an error; nothing would notice if the hang were gone. Left out: everything else.
"""

from __future__ import annotations

from types import TracebackType

from ..errors import TTError


class Expectation:
    """`with expect(DeviceHang) as caught:`; afterwards `caught.error` is what was raised."""

    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind
        self.error: Exception | None = None

    def __enter__(self) -> Expectation:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if error is None:
            raise AssertionError(f"this was expected to end in {self.kind.__name__}, and it ran to its end")
        if not isinstance(error, self.kind):
            return False
        self.error = error
        print(error)
        return True


def expect(kind: type[Exception] = TTError) -> Expectation:
    """Run the block, print the error of this kind that it must raise, and go on. Raises AssertionError if it finishes."""
    return Expectation(kind)
