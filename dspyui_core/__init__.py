"""The library of the data flywheel: everything but the running of it."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
