"""The data-movement API: what reader and writer kernels call (api/dataflow/dataflow_api.h, 0.81.1).

A NOC call only starts its transfer; its barrier is where one waits. Template arguments of C++ are keyword
arguments here. Star import is for notebooks: it brings kernel names and nothing else. Left out:
set_state/with_state forms, transaction ids, sharded accessors, inline writes.
"""

from .. import kernel
from ..kernel import *  # noqa: F403
from . import pointers, signals, transfers
from .pointers import *  # noqa: F403
from .signals import *  # noqa: F403
from .transfers import *  # noqa: F403

__all__ = [*kernel.__all__, *pointers.__all__, *transfers.__all__, *signals.__all__]
