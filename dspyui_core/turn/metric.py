"""The metric of a spec in a workspace, with the LM that it asks."""

from __future__ import annotations

from dspyui_core.metrics import Metric, create_metric
from dspyui_core.spec import ProgramSpec
from dspyui_core.workspace import Workspace

__all__ = ["metric_of"]


def metric_of(ws: Workspace, spec: ProgramSpec) -> Metric:
    """The spec's metric, ready to be called. Raises SpecError where it cannot be made."""
    return create_metric(
        spec.metric, spec.signature.outputs, workspace=ws.folder, judge=ws.lm(spec.judge)
    )
