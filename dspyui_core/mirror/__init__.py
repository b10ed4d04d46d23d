"""The mirror: the journal's entries go to MLflow, each exactly once; what MLflow got comes back."""

from __future__ import annotations

from dspyui_core.mirror.copying import Mirrored, mirror_once, needing_mlflow
from dspyui_core.mirror.lag import Lag, lag_of
from dspyui_core.mirror.naming import ANONYMOUS, CONSUMER, mlflow_trace_id
from dspyui_core.mirror.picking_up import pick_up
from dspyui_core.mirror.taking import PickedUp

__all__ = [
    "ANONYMOUS",
    "CONSUMER",
    "Lag",
    "Mirrored",
    "PickedUp",
    "lag_of",
    "mirror_once",
    "mlflow_trace_id",
    "needing_mlflow",
    "pick_up",
]
