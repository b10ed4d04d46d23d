"""Lineage: from a recorded answer to the rows in its prompt, and to the users who made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dspyui_core import programs
from dspyui_core.datasets import Reader, Row, load_split, row_key
from dspyui_core.errors import InputError
from dspyui_core.mlflow_loader import LoadedModel
from dspyui_core.mlflow_registry import model_version
from dspyui_core.mlflow_tracking import TURN_TAG
from dspyui_core.records import ModelVersion, Record
from dspyui_core.store.journal import Entry
from dspyui_core.turn.steps import Snapshot, recorded
from dspyui_core.workspace import Workspace

__all__ = ["AnswerLineage", "DemoOrigin", "answer_lineage", "row_origin", "snapshot_of"]


class DemoOrigin(Record):
    """A demo in the prompt of an answer, and where it comes from.

    A gold row has `source` and `data_row`; one from feedback has the trace, the user and the
    journal position of what was said, its rating and comment, and `answered`: what the program had
    said there.
    """

    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    row_id: str | None = None
    trust: str | None = None
    source: str | None = None
    data_row: int | None = None
    trace_id: str | None = None
    user_id: str | None = None
    position: int | None = None
    answered: Mapping[str, Any] | None = None
    rating: str | None = None
    comment: str | None = None

    @property
    def corrected(self) -> bool:
        """Whether a user put right what the program had said."""
        return self.answered is not None and dict(self.answered) != dict(self.labels)


class AnswerLineage(Record):
    """An answer, the version that gave it, what the version was made from, and its demos.

    The nearest demo comes first; those of a program that retrieves none are the same for every
    answer.
    """

    trace_id: str
    program: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    version: int
    turn: str
    run_id: str
    dataset_version: str
    demos: tuple[DemoOrigin, ...]


def answer_lineage(ws: Workspace, trace_id: str) -> AnswerLineage:
    """Where a recorded answer comes from.

    Raises TraceNotFoundError for an unknown trace, InputError for an answer of no version, or of
    one that no turn made.
    """
    said = ws.journal.prediction(trace_id)
    model = ws.models.load_model(said.program, version=_version(said))
    record = model_version(ws.client, said.program, _version(said))
    snapshot = snapshot_of(ws, record)
    return AnswerLineage(
        trace_id=trace_id,
        program=said.program,
        inputs=said.payload["inputs"],
        outputs=said.payload["outputs"],
        version=record.version,
        turn=record.tags[TURN_TAG],
        run_id=record.run_id,
        dataset_version=snapshot.dataset.version,
        demos=_demos(ws, model, snapshot, said.payload["inputs"]),
    )


def snapshot_of(ws: Workspace, version: ModelVersion) -> Snapshot:
    """The inputs of the turn that a version comes from.

    Raises InputError where that was no turn of this home.
    """
    turn_id = version.tags.get(TURN_TAG, "")
    if ws.turns.step(turn_id, "snapshot") is None:
        raise InputError(
            f"version {version.version} of {version.name!r} was made by no turn of this home",
            hint="ask in the home whose turn registered it",
        )
    return recorded(ws, turn_id, "snapshot", Snapshot)


def row_origin(ws: Workspace, row: Row) -> DemoOrigin:
    """A row, and where it comes from: with what was said, as far as the journal still has it."""
    trace = row.trace_id
    answer = ws.journal.find_prediction(trace) if trace else None
    spoken = ws.journal.feedback_on([trace]).get(trace, ()) if trace else ()
    said = next((e.payload for e in spoken if e.position == row.position), {})
    return DemoOrigin(
        inputs=row.inputs,
        labels=row.labels,
        row_id=row.row_id,
        trust=row.trust,
        source=row.source,
        data_row=row.data_row,
        trace_id=trace,
        user_id=row.user_id,
        position=row.position,
        answered=None if answer is None else answer.payload["outputs"],
        rating=said.get("rating"),
        comment=said.get("comment"),
    )


def _version(said: Entry) -> int:
    if said.version is None:
        raise InputError(f"the answer {said.trace_id} was given by no registered version")
    return said.version


def _demos(
    ws: Workspace, model: LoadedModel, snapshot: Snapshot, inputs: Mapping[str, Any]
) -> tuple[DemoOrigin, ...]:
    rows = load_split(ws.snapshots, snapshot.dataset, "train", reader=Reader.LINEAGE)
    known = {row.key: row for row in rows}
    names = [field.name for field in model.spec.signature.inputs]
    labels = [field.name for field in model.spec.signature.outputs]
    nearest_first = reversed(programs.demos_for(model.program, inputs))
    return tuple(_origin(ws, demo, known, names, labels) for demo in nearest_first)


def _origin(
    ws: Workspace,
    demo: Mapping[str, Any],
    known: Mapping[str, Row],
    names: list[str],
    labels: list[str],
) -> DemoOrigin:
    content = {
        "inputs": {name: demo.get(name) for name in names},
        "labels": {name: demo.get(name) for name in labels},
    }
    row = known.get(row_key(content["inputs"]))
    if row is None:
        return DemoOrigin(**content)
    return row_origin(ws, row).model_copy(update=content)
