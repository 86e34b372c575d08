"""The compute API: what a kernel with a `ComputeConfigDescriptor` calls (api/compute/*.h, 0.81.1, and older names).

The kernel's function runs three times, as UNPACK, MATH and PACK; each call does its part for the role it
runs in. Template arguments of C++ are keyword arguments, under the C++ names.
"""

from .. import kernel
from ..dataflow import interface, place, prints
from ..dataflow.interface import *  # noqa: F403
from ..dataflow.place import *  # noqa: F403
from ..dataflow.prints import *  # noqa: F403
from ..kernel import *  # noqa: F403
from . import copy, dot, dst, eltwise, mailbox, older, reuse, rows, sfpu, sfpu_numbers, sfpu_tiles, state
from .copy import *  # noqa: F403
from .dot import *  # noqa: F403
from .dst import *  # noqa: F403
from .eltwise import *  # noqa: F403
from .mailbox import *  # noqa: F403
from .older import *  # noqa: F403
from .reuse import *  # noqa: F403
from .rows import *  # noqa: F403
from .sfpu import *  # noqa: F403
from .sfpu_numbers import *  # noqa: F403
from .sfpu_tiles import *  # noqa: F403
from .state import *  # noqa: F403

__all__ = [
    *kernel.__all__,
    *place.__all__,
    *prints.__all__,
    *interface.__all__,
    *state.__all__,
    *dst.__all__,
    *mailbox.__all__,
    *copy.__all__,
    *eltwise.__all__,
    *reuse.__all__,
    *dot.__all__,
    *rows.__all__,
    *sfpu.__all__,
    *sfpu_numbers.__all__,
    *sfpu_tiles.__all__,
    *older.__all__,
]
