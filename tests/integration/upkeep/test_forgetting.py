"""Forgetting: after it, a text stands only where the command says that it still does."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import AssessmentSource, Feedback
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient

from dspyui_core import turn
from dspyui_core.datasets import fold_dataset
from dspyui_core.datasets.near.stored import load_collection
from dspyui_core.datasets.splitting.known import keep_index
from dspyui_core.datasets.versions.snapshots import splits_on_disk
from dspyui_core.errors import (
    BusyError,
    NotFoundError,
    StoreError,
    TraceNotFoundError,
)
from dspyui_core.spec import read_spec
from dspyui_core.turn import adopt_run
from dspyui_core.upkeep import Subject, forget, forgetting, would_forget
from integration.upkeep.conftest import COMMENT, SECRET, WORD, Desk
from support import tiny

ANA = Subject("user", "ana")


def _trace(desk: Desk) -> str:
    """The trace of the secret."""
    answers = desk.ws.journal.since(0, kind="prediction")
    return next(entry.trace_id for entry in answers if WORD in entry.payload["inputs"]["text"])


def _program_files(desk: Desk, run: str) -> set[str]:
    return {place for place in desk.places(WORD) if run in place}


def test_a_users_text_is_everywhere_before_and_only_where_it_is_said_to_be_after(desk: Desk):
    version = adopt_run(desk.ws, "desk-0002").version
    desk.ws.promote("desk", version, reason="a look")
    before = desk.places(WORD)

    done = forget(desk.ws, ANA)

    folders = {place.split("/")[0] for place in before}
    assert folders == {"state.db", "mlflow", "datasets", "exports", "backups", "lm-cache"}
    held = [(holder.kind, holder.name, holder.serves) for holder in done.held]
    assert ("version", str(version), True) in held
    after = desk.places(WORD)
    run = desk.ws.client.get_model_version("desk", str(version)).run_id
    named = {holder.name for holder in done.held if holder.kind in ("export", "backup")}
    assert after == named | _program_files(desk, run)
    assert len(_program_files(desk, run)) == 1
    assert done.compacted
    assert not desk.places(COMMENT) - named


def test_what_is_derived_from_a_users_rows_goes_and_the_next_turn_makes_it_again(desk: Desk):
    derived = desk.ws.derived.near("desk")
    before = load_collection(derived)

    done = forget(desk.ws, ANA)

    assert done.texts > 0
    assert not derived.exists()
    keep_index(desk.ws.engine, "desk", derived, 0.7, on_progress=None)
    after = load_collection(derived)
    assert before is not None
    assert after is not None
    assert len(after.texts) == len(before.texts) - done.texts


def test_what_is_counted_is_what_went(desk: Desk):
    done = forget(desk.ws, ANA)

    # Her own question with her correction, and her word on somebody else's.
    assert (done.predictions, done.feedback, done.traces, done.assessments) == (1, 2, 1, 3)
    # Both made a row; the text of the other row is its asker's.
    assert (done.rows, done.dataset_versions, done.texts) == (2, 1, 1)
    assert done.cache_cleared
    assert done.programs == ("desk",)


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk):
    before = desk.places(WORD)
    would = would_forget(desk.ws, ANA)

    assert desk.places(WORD) == before
    done = forget(desk.ws, ANA)
    same = ("predictions", "feedback", "rows", "dataset_versions", "held", "programs")
    assert [getattr(would, name) for name in same] == [getattr(done, name) for name in same]
    assert (would.at, would.traces) == (None, 0)


def test_the_next_turn_goes_without_the_row_although_little_is_new(desk: Desk):
    assert desk.turn().outcome == "nothing-new"
    forget(desk.ws, ANA)

    report = desk.turn()

    assert report.outcome not in ("nothing-new", "failed")
    candidate = turn.turn_details(desk.ws, report.turn).candidate
    assert not _program_files(desk, candidate.run_id)
    assert desk.turn().outcome == "nothing-new"


def test_the_fold_is_as_if_the_user_had_never_been_there(desk: Desk):
    spec = read_spec(desk.program)
    entries = list(desk.ws.journal.since(0, program="desk"))
    asked = [e for e in entries if e.user_id == "ana" and e.kind == "prediction"]
    gone = {entry.trace_id for entry in asked}
    others = [e for e in entries if e.user_id != "ana" and e.trace_id not in gone]
    upto = entries[-1].position
    expected = fold_dataset(spec, others, upto=upto).version

    forget(desk.ws, ANA)

    kept = desk.ws.journal.since(0, program="desk")
    assert fold_dataset(spec, kept, upto=upto).version == expected


def test_export_mirror_status_and_lineage_go_on(desk: Desk):
    forget(desk.ws, ANA)

    told = "".join(desk.ws.exporter.export_streaming("desk"))
    assert "user-1" in told
    assert WORD not in told
    assert ",ana," not in told
    assert desk.ws.mirror("desk").traces == 0
    assert turn.home_status(desk.ws).programs[0].unmirrored == 0
    answer = desk.ws.predict("desk", {"text": "a novel"})
    assert turn.answer_lineage(desk.ws, answer.trace_id).demos


def test_a_repeat_of_what_was_forgotten_records_nothing(desk: Desk):
    said = [e for e in desk.ws.journal.since(0) if e.user_id == "ana" and e.kind == "feedback"]
    trace = _trace(desk)
    forget(desk.ws, ANA)
    before = desk.ws.journal.last_position()

    again = desk.ws.journal.append_prediction("desk", trace, {"inputs": {"text": SECRET}})

    assert (again.payload, desk.ws.journal.last_position()) == ({}, before)
    assert desk.ws.journal.find_prediction(trace) is None
    assert {entry.trace_id for entry in said} & {trace}
    with pytest.raises(TraceNotFoundError, match="forgotten"):
        desk.ws.feedback.record_feedback(trace, "thumbs_up", user_id="ben")


def test_forgetting_again_says_that_it_is_done_and_when(desk: Desk):
    first = forget(desk.ws, ANA)

    again = forget(desk.ws, ANA)

    assert again.at is not None
    assert again.model_copy(update={"at": first.at}) == first


def test_forgetting_goes_on_where_it_was_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(forgetting, "erase", stopped)
    with pytest.raises(KeyboardInterrupt):
        forget(desk.ws, ANA)
    monkeypatch.undo()

    done = forget(desk.ws, ANA)

    assert (done.predictions, done.feedback) == (1, 2)
    assert "state.db" not in desk.places(WORD)
    assert not any("datasets" in place for place in desk.places(WORD))


def test_without_mlflow_nothing_has_left_the_journal(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def away(*_: object) -> int:
        raise MlflowException("connection refused")

    monkeypatch.setattr(forgetting, "delete_traces", away)
    with pytest.raises(StoreError, match=r"not forgotten.*connection refused") as caught:
        forget(desk.ws, ANA)
    monkeypatch.undo()

    assert "same command" in caught.value.hint
    assert WORD in str(desk.ws.journal.prediction(_trace(desk)).payload)
    assert forget(desk.ws, ANA).traces == 1


def test_what_was_never_mirrored_is_forgotten_as_well(desk: Desk):
    trace = desk.answer(f"{SECRET} again", "amber", "zoe")

    done = forget(desk.ws, Subject("user", "zoe"))

    assert (done.predictions, done.traces) == (1, 0)
    assert desk.ws.mirror("desk").traces == 0
    assert desk.ws.journal.find_prediction(trace) is None


def test_what_a_user_said_in_mlflow_itself_goes_as_well(desk: Desk):
    feedback = desk.ws.journal.since(0, kind="feedback")
    trace = next(e.trace_id for e in feedback if e.user_id == "ana" and e.payload["comment"])
    for user in ("ana", "zoe"):
        said = Feedback(
            name="user_rating", value=True, trace_id=trace, source=AssessmentSource("HUMAN", user)
        )
        TracingClient(desk.ws.client.tracking_uri).store.create_assessment(said)

    assert forget(desk.ws, ANA).assessments == 4

    left = desk.ws.client.get_trace(trace).info.assessments
    assert {found.source.source_id for found in left} == {"ben", "zoe"}


def test_one_trace_goes_and_the_rest_of_its_user_stays(desk: Desk):
    trace = _trace(desk)

    done = forget(desk.ws, Subject("trace", trace))

    assert (done.predictions, done.feedback, done.traces) == (1, 1, 1)
    assert {e.kind for e in desk.ws.journal.since(0) if e.user_id == "ana"} == {"feedback"}


def test_a_row_from_feedback_goes_with_every_answer_to_its_input(desk: Desk):
    text, label = tiny.unseen()[0]
    desk.answer(text.upper(), label, "zoe")
    row = next(demo for demo in _demos(desk) if demo.trace_id)
    before = desk.ws.journal.count()
    same = [
        entry
        for entry in desk.ws.journal.since(0, kind="prediction")
        if entry.payload["inputs"]["text"].lower() == row.inputs["text"].lower()
    ]

    done = forget(desk.ws, Subject("row", row.row_id))

    assert done.predictions == len(same)
    assert desk.ws.journal.count() == before - done.predictions - done.feedback
    assert not [holder for holder in done.held if holder.kind == "file"]


def _demos(desk: Desk) -> list[turn.DemoOrigin]:
    version = adopt_run(desk.ws, "desk-0002").version
    answer = desk.ws.predict("desk", {"text": tiny.unseen()[3][0]}, version=version)
    return list(turn.answer_lineage(desk.ws, answer.trace_id).demos)


def test_a_row_of_the_users_own_file_is_named_and_leaves_what_is_ours(desk: Desk):
    answer = desk.ws.predict("desk", {"text": "Which shelf holds the novel?"})
    demo = turn.answer_lineage(desk.ws, answer.trace_id).demos[0]
    rows = (desk.folder / "rows.csv").read_bytes()
    desk.ws.mirror("desk")
    assert {"state.db", "mlflow/mlflow.db"} & desk.places(str(demo.inputs["text"]))

    done = forget(desk.ws, Subject("row", demo.row_id))

    assert done.rows == done.dataset_versions == 2
    (file,) = [holder for holder in done.held if holder.kind == "file"]
    assert (file.name, file.serves) == (f"row {demo.data_row} of rows.csv", False)
    assert "delete that row" in file.remedy
    assert (desk.folder / "rows.csv").read_bytes() == rows
    serving = [holder for holder in done.held if holder.serves]
    assert [(holder.kind, holder.name) for holder in serving] == [("version", "1")]
    # In the prompts of other answers it was a demo.
    assert done.quotes > 1
    assert {demo["inputs"]["text"] for demo in _prompted(desk, answer.trace_id)} == {
        "Which shelf holds the novel?"
    }
    left = desk.places(str(demo.inputs["text"]))
    assert {Path(place).name for place in left if "backups" not in place} == {"program.json"}


def _prompted(desk: Desk, trace: str) -> list[dict[str, Any]]:
    """What the root of a trace holds in MLflow, and that something is below it."""
    spans = desk.ws.client.get_trace(trace).data.spans
    assert len(spans) > 1
    assert all(span.name for span in spans)
    return [{"inputs": span.inputs} for span in spans if span.parent_id is None]


def test_a_holdout_row_leaves_the_table_of_its_answers(desk: Desk):
    on_disk = splits_on_disk(desk.ws.snapshots, "desk")
    row = next(row for split in on_disk if split.split == "holdout" for row in split.rows())

    done = forget(desk.ws, Subject("row", row.row_id))

    # The baseline, the candidate, and in the second turn the champion.
    assert done.evaluated == 5
    assert {place.split("/")[0] for place in desk.places(row.row_id)} == {"backups"}


def test_quarantined_values_leave_the_reports_of_turns(desk: Desk):
    inputs = {"text": f"{SECRET} twice"}
    asked = {user: desk.ws.predict("desk", inputs, user_id=user) for user in ("ana", "ben")}
    for label, user in (("amber", "ana"), ("coral", "ben")):
        trace = asked[user].trace_id
        desk.ws.feedback.record_feedback(trace, "thumbs_down", {"desk": label}, user_id=user)
    for text, label in tiny.unseen()[40:50]:
        desk.answer(text, label, "zoe")
    assert desk.turn().turn == "desk-0003"
    traces = [e.trace_id for e in desk.ws.journal.since(0) if WORD in str(e.payload.get("inputs"))]
    before = _problems(desk)

    done = forget(desk.ws, ANA)

    said = [trace for trace in traces if trace in before]
    assert len(said) == 2
    assert done.reports == 1
    assert [trace for trace in said if trace in _problems(desk)] == [said[1]]
    assert "users give this input" in _problems(desk)


def _problems(desk: Desk) -> str:
    with closing(sqlite3.connect(desk.ws.home / "state.db")) as connection:
        found = connection.execute("select ref from step where name = 'snapshot'")
        return json.dumps(found.fetchall())


def test_an_open_turn_that_lost_rows_is_abandoned(desk: Desk):
    desk.answer(f"{SECRET} once more", "amber", "ana")
    tiny.write_program(desk.folder, seed=5)
    opened = turn.open_turn(desk.ws, turn.TurnRequest(program=desk.program))
    assert opened.turn_id

    forget(desk.ws, ANA)
    report = desk.turn()

    assert report.turn != opened.turn_id
    assert desk.ws.turns.get(opened.turn_id).outcome == "abandoned"


def test_while_a_turn_runs_nothing_is_forgotten(desk: Desk):
    with desk.ws.lock("desk"), pytest.raises(BusyError):
        forget(desk.ws, ANA)

    assert desk.ws.journal.find_prediction(_trace(desk))


@pytest.mark.parametrize(
    ("subject", "error"),
    [
        (Subject("user", "nobody"), NotFoundError),
        (Subject("trace", "tr-none"), TraceNotFoundError),
        (Subject("row", "none"), NotFoundError),
        (Subject("user", "ana", "other"), NotFoundError),
    ],
    ids=str,
)
def test_what_is_not_there_is_an_error(desk: Desk, subject: Subject, error: type[Exception]):
    for ask in (would_forget, forget):
        with pytest.raises(error):
            ask(desk.ws, subject)
