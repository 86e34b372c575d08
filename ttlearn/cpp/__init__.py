"""Real C++ kernels in, real C++ kernels out."""

try:
    import pcpp as _pcpp  # noqa: F401
    import tree_sitter_cpp as _tree_sitter_cpp  # noqa: F401
except ImportError as why:
    raise ImportError(f"tt.cpp needs {why.name}, which is not installed: pip install 'ttlearn[cpp]'") from None

from .bundle import bundle
from .ledger import ledger
from .read import read
from .write import write

__all__ = ["bundle", "ledger", "read", "write"]
