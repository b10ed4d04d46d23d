"""What a finished step leaves behind, and the doing of each step exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import Field

from dspyui_core.datasets.reports.report import DatasetReport, Quarantined
from dspyui_core.lms import metered
from dspyui_core.records import (
    Comparison,
    DatasetRef,
    Interval,
    Latency,
    Record,
    Replay,
    SliceComparison,
    TurnLM,
)
from dspyui_core.spec import ProgramSpec
from dspyui_core.workspace import Workspace

__all__ = [
    "QUARANTINED_KEPT",
    "Counted",
    "Evaluated",
    "Progress",
    "Snapshot",
    "StepCost",
    "counted",
    "recorded",
    "silent",
    "step",
]

# A turn's record stays small, however bad a file is; the whole list is one dataset check away.
QUARANTINED_KEPT = 100
Progress = Callable[[str], None]
R = TypeVar("R", bound=Record)


class StepCost(Record):
    """What a step took: wall seconds and LM use."""

    seconds: float
    lm: TurnLM


class Snapshot(Record):
    """The first step's ref: the inputs of the turn, fixed.

    `spec` has its literals frozen; `champion` served and `decided` was the newest decision when
    the turn began; `gold_version` is the content hash of the user's own rows; `problems` is the
    dataset report's text, and `quarantined` the first of its rows that may not pass. `report` is
    all of it for the data page, its lists cut short; None in turns of before there was one. `suite`
    is the hash of the suite of expectations that judged, and `expectations` what Great Expectations
    said; both are empty where the program has no suite.
    """

    spec: ProgramSpec
    dataset: DatasetRef
    gold_version: str
    verdict: str
    champion: int | None
    decided: int
    problems: str
    quarantined: tuple[Quarantined, ...] = ()
    report: DatasetReport | None = None
    suite: str = ""
    expectations: Mapping[str, Any] = Field(default_factory=dict)


class Evaluated(Record):
    """By role (baseline, champion, candidate): mean holdout scores with their intervals and failed
    rows, macro F1 by literal output, latency, and USD for 1,000 answers; and the comparison that
    decides, as a whole, in each slice, and on recent inputs of production where the spec asks.

    Latency and USD are None where the cache answered every row, or a price is unknown.
    """

    scores: dict[str, float]
    failed: dict[str, int]
    intervals: dict[str, Interval] = Field(default_factory=dict)
    macro_f1: dict[str, dict[str, float]] = Field(default_factory=dict)
    latency_ms: dict[str, Latency | None] = Field(default_factory=dict)
    usd: dict[str, float | None] = Field(default_factory=dict)
    comparison: Comparison
    slices: tuple[SliceComparison, ...] = ()
    replay: Replay | None = None


class Counted(str):
    """A progress message that says how far a step is; `share` is 0..1."""

    __slots__ = ("share", "what")

    what: str
    share: float


def counted(what: str, done: int, total: int, unit: str) -> Counted:
    """`<what>: <done>/<total> <unit>`."""
    message = Counted(f"{what}: {done}/{total} {unit}")
    message.what, message.share = what, done / total if total else 1.0
    return message


def silent(message: str) -> None:
    """Progress that nobody watches."""


def step(ws: Workspace, turn_id: str, name: str, kind: type[R], do: Callable[[], R]) -> R:
    """The ref of a step: what was recorded, or what doing it now gives, with its cost."""
    done = ws.turns.step(turn_id, name)
    if done is not None:
        return kind.model_validate(done["ref"])
    start = time.monotonic()
    with metered() as meter:
        ref = do()
    used = meter.snapshot()
    cost = StepCost(
        seconds=round(time.monotonic() - start, 3), lm=TurnLM(calls=used.calls, usd=used.usd)
    )
    content = {"ref": ref.model_dump(mode="json"), "cost": cost.model_dump(mode="json")}
    ws.turns.record_step(turn_id, name, content)
    return ref


def recorded(ws: Workspace, turn_id: str, name: str, kind: type[R]) -> R:
    """The ref of a step that must be finished by now."""
    done = ws.turns.steps(turn_id)[name]
    return kind.model_validate(done["ref"])
