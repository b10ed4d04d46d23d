"""Optimizers behind one catalog: each makes a better program from training and validation rows."""

from __future__ import annotations

from dspyui_core.optimizers.protocol import Compiled, Optimizer, OptimizerContext

__all__ = ["Compiled", "Optimizer", "OptimizerContext"]
