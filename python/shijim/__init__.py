"""The recorded day of Taiwan's markets in NumPy."""

from . import _native

__version__: str = _native.version

__all__ = ["__version__"]
