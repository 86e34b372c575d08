"""The compute API: what a kernel with a `ComputeConfigDescriptor` calls (api/compute/*.h, 0.81.1, and older names).

The kernel's function runs three times, as UNPACK, MATH and PACK; each call does its part for the role it
runs in. Template arguments of C++ are keyword arguments, under the C++ names.
"""

from .. import kernel
from ..kernel import *  # noqa: F403
from . import dot, dst, eltwise, mailbox, rows, sfpu, state
from .dot import *  # noqa: F403
from .dst import *  # noqa: F403
from .eltwise import *  # noqa: F403
from .mailbox import *  # noqa: F403
from .rows import *  # noqa: F403
from .sfpu import *  # noqa: F403
from .state import *  # noqa: F403

__all__ = [
    *kernel.__all__,
    *state.__all__,
    *dst.__all__,
    *mailbox.__all__,
    *eltwise.__all__,
    *dot.__all__,
    *rows.__all__,
    *sfpu.__all__,
]
