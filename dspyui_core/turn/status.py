"""What every program of a home is doing, and how much room the home takes."""

from __future__ import annotations

from collections.abc import Mapping

from dspyui_core.mirror import lag_of
from dspyui_core.mlflow_loader import list_registered_models
from dspyui_core.records import Record
from dspyui_core.upkeep import Use, use_of
from dspyui_core.workspace import Workspace

__all__ = ["HomeStatus", "ProgramStatus", "home_status"]


class ProgramStatus(Record):
    """One program: who serves, its newest turn, and what is in the journal of it.

    `outcome` of an open turn is "open"; `unmirrored` counts entries that MLflow has not yet,
    and `unmirrored_seconds` is the age of the oldest of them. `pinned` is the champion where a
    person pinned it.
    """

    program: str
    champion: int | None
    challenger: int | None
    turn: str | None
    outcome: str
    predictions: int
    feedback: int
    unmirrored: int
    unmirrored_seconds: float
    paused: bool = False
    pinned: int | None = None


class HomeStatus(Record):
    """Every program that has a turn, a model or an answer, by name, and what the home takes."""

    programs: tuple[ProgramStatus, ...]
    use: Use


def home_status(ws: Workspace) -> HomeStatus:
    """The state of a home; reads the whole journal to measure it."""
    models = {model.name: model for model in list_registered_models(ws.client)}
    names = sorted({*models, *ws.turns.programs(), *ws.journal.programs()})
    programs = tuple(_status(ws, name, models) for name in names)
    return HomeStatus(programs=programs, use=use_of(ws))


def _status(ws: Workspace, name: str, models: Mapping[str, object]) -> ProgramStatus:
    model = models.get(name)
    lag = lag_of(ws.journal, ws.watermarks, name)
    newest = next(iter(ws.turns.history(name, limit=1)), None)
    held = ws.releases.standing(name)
    return ProgramStatus(
        program=name,
        champion=getattr(model, "champion", None),
        challenger=getattr(model, "challenger", None),
        turn=None if newest is None else newest.turn_id,
        outcome="" if newest is None else newest.outcome or "open",
        predictions=ws.journal.count(program=name, kind="prediction"),
        feedback=ws.journal.count(program=name, kind="feedback"),
        unmirrored=lag.entries,
        unmirrored_seconds=lag.seconds,
        paused=held.paused is not None,
        pinned=None if held.pinned is None else held.pinned.version,
    )
