"""The first step: fix the inputs of a turn, resume an open one, or say that nothing is new."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

import dspyui_core
from dspyui_core.compiler import check_fit
from dspyui_core.datasets import Fold, forgotten_rows, usable_new_rows
from dspyui_core.lms import require_key
from dspyui_core.mlflow_registry import has_version
from dspyui_core.promotion import futile
from dspyui_core.records import DatasetRef, Record, Turn
from dspyui_core.spec import ProgramSpec, read_spec
from dspyui_core.store.turns import TurnRow
from dspyui_core.turn.approving import expire_approvals
from dspyui_core.turn.asked import ProgramFile
from dspyui_core.turn.beginning import begin_run
from dspyui_core.turn.checking import settle_data, suite_identity
from dspyui_core.turn.data_pages import brief
from dspyui_core.turn.epochs import Epoch, fold_in_epoch, open_epoch
from dspyui_core.turn.finishing import finish, nothing_new
from dspyui_core.turn.steps import (
    QUARANTINED_KEPT,
    Progress,
    Snapshot,
    recorded,
    silent,
    step,
)
from dspyui_core.workspace import Workspace

__all__ = ["Fresh", "Opened", "Resumes", "TurnRequest", "look", "open_turn", "request_spec"]


class TurnRequest(Record):
    """Which program takes a turn."""

    program: ProgramFile
    data: Path | None = Field(
        None,
        title="Other data",
        description="A data file to use instead of the spec's sources.",
    )
    force: bool = Field(
        False, description="Compile even where the holdout could show no gain worth a release."
    )
    reason: str = Field(
        "by hand",
        max_length=80,
        description="Why the turn is taken, for people: it stands in the run's name.",
    )


class Opened(Record):
    """An open turn to go on with, or the `report` of one that ended before it began."""

    turn_id: str = ""
    resumed: bool = False
    dataset: DatasetRef | None = None
    problems: str = ""
    report: Turn | None = None


@dataclass(frozen=True, slots=True)
class Resumes:
    """The open turn goes on; `fold` is its dataset version, None where its snapshot is written."""

    row: TurnRow
    fold: Fold | None


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new turn would begin with this fold, unless `idle` says why not, since turn `last`.

    `abandons` is an open turn that cannot go on and is closed first; the `epoch` may be a new one.
    """

    spec: ProgramSpec
    fold: Fold
    epoch: Epoch
    abandons: TurnRow | None
    last: TurnRow | None
    idle: str


def request_spec(request: TurnRequest) -> ProgramSpec:
    """The validated spec of a request. Raises SpecError."""
    spec = read_spec(request.program)
    return spec if request.data is None else spec.with_data(request.data.resolve())


def open_turn(ws: Workspace, request: TurnRequest, *, on_progress: Progress = silent) -> Opened:
    """Open the program's next turn, or resume the open one with the inputs it has.

    An open turn keeps the inputs it fixed; what changed in the data since then waits for the next
    turn. One whose spec or core changed is closed as abandoned, and so is one whose data changed
    before its snapshot was written, or that lost rows since because somebody is forgotten, or its
    champion because somebody deleted it. A version that waited for a person for too long is refused
    first. Raises SpecError and DatasetError before anything of the turn is written.
    """
    expire_approvals(ws, request_spec(request).name)
    seen = look(ws, request, on_progress=on_progress)
    if isinstance(seen, Resumes):
        return _resumed(ws, seen, request.force, on_progress)
    if seen.abandons is not None:
        finish(ws, seen.abandons.turn_id, "abandoned", "its spec, its data or the core changed")
    if seen.last is not None and seen.idle:
        return Opened(report=nothing_new(seen.last, seen.idle))
    open_epoch(ws, seen.spec.name, seen.epoch)
    row = _opened_row(ws, seen)
    snapshot = _fixed(ws, row, seen.fold, on_progress)
    return _opened(ws, row, snapshot, resumed=False, force=request.force)


def look(ws: Workspace, request: TurnRequest, *, on_progress: Progress = silent) -> Resumes | Fresh:
    """What `open_turn` would do. Raises what it raises; nothing is written."""
    spec = request_spec(request)
    for doubt in check_fit(spec, workspace=ws.folder):
        on_progress(f"warning: {doubt}")
    for lm in spec.lms:
        require_key(lm.name)
    row = ws.turns.open_turn_of(spec.name)
    if row is not None and _same_spec(row, spec):
        on_progress(f"resuming turn {row.turn_id}")
        if ws.turns.step(row.turn_id, "snapshot") is None:
            fold, _ = fold_in_epoch(ws, spec, row.feedback_upto)
            if fold.version == row.dataset_version:
                return Resumes(row, fold)
        elif not (_lost_rows(ws, row) or _lost_champion(ws, row)):
            return Resumes(row, None)
    on_progress("reading the dataset and the feedback")
    fold, epoch = fold_in_epoch(ws, spec, ws.journal.last_position(spec.name))
    last = ws.turns.last_closed(spec.name)
    idle = "" if last is None else _idle_reason(ws, last, spec, fold)
    return Fresh(spec, fold, epoch, abandons=row, last=last, idle=idle)


def _resumed(ws: Workspace, seen: Resumes, force: bool, on_progress: Progress) -> Opened:
    row = seen.row
    if seen.fold is None:
        snapshot = recorded(ws, row.turn_id, "snapshot", Snapshot)
    else:
        snapshot = _fixed(ws, row, seen.fold, on_progress)
    return _opened(ws, row, snapshot, resumed=True, force=force)


def _fixed(ws: Workspace, row: TurnRow, fold: Fold, on_progress: Progress) -> Snapshot:
    on_progress(f"turn {row.turn_id}: assigning splits, writing the snapshot")
    return step(ws, row.turn_id, "snapshot", Snapshot, lambda: _snapshot(ws, row, fold))


def _snapshot(ws: Workspace, row: TurnRow, fold: Fold) -> Snapshot:
    # Read before the champion: whatever is decided after this line makes the turn's end a conflict.
    decided = ws.releases.ledger.last(row.program)
    settled = settle_data(ws, fold)
    return Snapshot(
        gold_version=fold.gold_version,
        spec=settled.spec,
        dataset=settled.ref,
        verdict=settled.report.verdict,
        champion=ws.releases.champion(row.program),
        decided=decided,
        problems=settled.report.markdown(),
        quarantined=settled.report.quarantined[:QUARANTINED_KEPT],
        report=brief(settled.report),
        suite=suite_identity(ws.folder, settled.spec),
        expectations=settled.report.suite,
    )


def _opened(
    ws: Workspace, row: TurnRow, snapshot: Snapshot, *, resumed: bool, force: bool
) -> Opened:
    return Opened(
        turn_id=row.turn_id,
        resumed=resumed,
        dataset=snapshot.dataset,
        problems=snapshot.problems,
        report=_stopped(ws, row, snapshot, force),
    )


def _stopped(ws: Workspace, row: TurnRow, snapshot: Snapshot, force: bool) -> Turn | None:
    """The report of a turn that ends before anything is spent on it."""
    if snapshot.verdict == "blocked":
        begin_run(ws, row.turn_id)
        return finish(ws, row.turn_id, "blocked", snapshot.problems)
    # Without a champion there has to be a first one, whatever the holdout shows.
    if force or snapshot.champion is None or ws.turns.step(row.turn_id, "compile") is not None:
        return None
    reason = futile(
        ws.releases.ledger.history(row.program),
        snapshot.dataset.holdout,
        snapshot.spec.promotion,
    )
    return finish(ws, row.turn_id, "inconclusive", reason) if reason else None


def _opened_row(ws: Workspace, seen: Fresh) -> TurnRow:
    return ws.turns.open(
        seen.spec.name,
        spec_hash=seen.spec.identity(),
        dataset_version=seen.fold.version,
        identity=_identity(ws, seen.spec, seen.fold.version),
        feedback_upto=seen.fold.upto,
        champion=ws.releases.champion(seen.spec.name),
        core_version=dspyui_core.__version__,
    )


def _identity(ws: Workspace, spec: ProgramSpec, dataset_version: str) -> str:
    suite = suite_identity(ws.folder, spec)
    parts = (spec.identity(), dataset_version, dspyui_core.__version__, *([suite] if suite else ()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _same_spec(row: TurnRow, spec: ProgramSpec) -> bool:
    return (row.spec_hash, row.core_version) == (spec.identity(), dspyui_core.__version__)


def _idle_reason(ws: Workspace, last: TurnRow, spec: ProgramSpec, fold: Fold) -> str:
    if last.identity == _identity(ws, spec, fold.version):
        return f"same data, spec and code as turn {last.turn_id}, which ended {last.outcome}"
    if not _same_spec(last, spec) or _judged_anew(ws, last, fold) or _lost_rows(ws, last):
        return ""
    new = _usable_rows(ws, spec, fold, last.feedback_upto)
    missing = spec.feedback.minimum - new
    if missing <= 0:
        return ""
    return f"{new} new feedback rows since turn {last.turn_id}; {missing} more are needed"


def _usable_rows(ws: Workspace, spec: ProgramSpec, fold: Fold, since: int) -> int:
    """New feedback rows that training may use: those that meet the holdout are parked."""
    new = fold.new_rows(since)
    if new < spec.feedback.minimum:
        return new
    return usable_new_rows(fold, ws.engine, since, derived=ws.derived)


def _lost_rows(ws: Workspace, row: TurnRow) -> bool:
    """Whether something was forgotten that the turn's dataset had, and its candidate may have."""
    dataset = recorded(ws, row.turn_id, "snapshot", Snapshot).dataset
    return forgotten_rows(ws.snapshots, dataset) > 0


def _lost_champion(ws: Workspace, row: TurnRow) -> bool:
    """Whether the version that it still has to be compared with was deleted in MLflow."""
    champion = recorded(ws, row.turn_id, "snapshot", Snapshot).champion
    scored = ws.turns.step(row.turn_id, "evaluate") is not None
    return not (champion is None or scored or has_version(ws.client, row.program, champion))


def _judged_anew(ws: Workspace, last: TurnRow, fold: Fold) -> bool:
    """Whether the user's own rows, or what judges them, changed since a turn."""
    before = recorded(ws, last.turn_id, "snapshot", Snapshot)
    suite = suite_identity(ws.folder, fold.spec)
    return (before.gold_version, before.suite) != (fold.gold_version, suite)
