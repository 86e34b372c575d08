"""The data-movement API: what reader and writer kernels call (api/dataflow/dataflow_api.h, 0.81.1).

A NOC call only starts its transfer; its barrier is where one waits. Template arguments of C++ are keyword
arguments here. Star import is for notebooks: it brings kernel names and nothing else. Left out:
transaction ids, posted writes, sharded accessors.
"""

from .. import kernel
from ..kernel import *  # noqa: F403
from . import addresses, interface, numeric, place, pointers, prints, signals, stateful, transfers
from .addresses import *  # noqa: F403
from .interface import *  # noqa: F403
from .numeric import *  # noqa: F403
from .place import *  # noqa: F403
from .pointers import *  # noqa: F403
from .prints import *  # noqa: F403
from .signals import *  # noqa: F403
from .stateful import *  # noqa: F403
from .transfers import *  # noqa: F403

__all__ = [
    *kernel.__all__,
    *place.__all__,
    *prints.__all__,
    *interface.__all__,
    *numeric.__all__,
    *pointers.__all__,
    *addresses.__all__,
    *transfers.__all__,
    *stateful.__all__,
    *signals.__all__,
]
