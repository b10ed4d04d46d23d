"""What every program of a home is doing."""

from __future__ import annotations

from collections.abc import Mapping

from dspyui_core.mirror import CONSUMER
from dspyui_core.mlflow_loader import list_registered_models
from dspyui_core.records import Record
from dspyui_core.workspace import Workspace

__all__ = ["ProgramStatus", "program_status"]


class ProgramStatus(Record):
    """One program: who serves, its newest turn, and what is in the journal of it.

    `outcome` of an open turn is "open"; `unmirrored` counts entries that MLflow has not yet.
    """

    program: str
    champion: int | None
    challenger: int | None
    turn: str | None
    outcome: str
    predictions: int
    feedback: int
    unmirrored: int


def program_status(ws: Workspace) -> list[ProgramStatus]:
    """The state of every program that has a turn or a model, by name."""
    models = {model.name: model for model in list_registered_models(ws.client)}
    names = sorted({*models, *ws.turns.programs()})
    return [_status(ws, name, models) for name in names]


def _status(ws: Workspace, name: str, models: Mapping[str, object]) -> ProgramStatus:
    model = models.get(name)
    newest = next(iter(ws.turns.history(name, limit=1)), None)
    return ProgramStatus(
        program=name,
        champion=getattr(model, "champion", None),
        challenger=getattr(model, "challenger", None),
        turn=None if newest is None else newest.turn_id,
        outcome="" if newest is None else newest.outcome or "open",
        predictions=ws.journal.count(program=name, kind="prediction"),
        feedback=ws.journal.count(program=name, kind="feedback"),
        unmirrored=ws.journal.count(program=name, since=ws.watermarks.get(name, CONSUMER)),
    )
