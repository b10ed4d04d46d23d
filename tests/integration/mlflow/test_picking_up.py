"""What people said in MLflow itself enters the journal once, late, edited or taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import AssessmentSource
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient

from dspyui_core.datasets import fold_dataset
from dspyui_core.errors import StoreError
from dspyui_core.mirror import PickedUp, mirror_once, mlflow_trace_id, pick_up
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.watermarks import Watermarks
from integration.mlflow.conftest import logging_natively, order_spec

SIGNATURE = order_spec("orders").signature


class Desk:
    """A journal and an experiment to which another program logs by itself."""

    def __init__(self, home: Any, name: str, journal: Journal, watermarks: Watermarks) -> None:
        self.home, self.name, self.journal = home, name, journal
        self.place, self._watermarks = home.experiment(name), watermarks

    def answered(self, *, inputs: Any = None, outputs: Any = None) -> str:
        """A trace that another program logs; its id."""
        with mlflow.start_span("answer") as span:
            mlflow.update_current_trace(metadata={"mlflow.trace.user": "cem"})
            span.set_inputs(inputs or {"text": "my parcel"})
            span.set_outputs(outputs or {"topic": "shipping"})
        return str(span.trace_id)

    def mirrored(self, number: int = 0) -> str:
        """An answer of ours, in MLflow, too; its id."""
        trace_id = mlflow_trace_id(f"{self.name} {number}")
        answer = {"inputs": {"text": "my parcel"}, "outputs": {"topic": "shipping"}}
        self.journal.append_prediction(self.name, trace_id, answer, version=1)
        self.mirror()
        return trace_id

    def mirror(self) -> None:
        mirror_once(
            self.journal, self._watermarks, self.home.client,
            program=self.name, experiment_id=self.place,
        )  # fmt: skip

    def pick_up(self) -> PickedUp:
        return pick_up(
            self.journal, self.home.client, program=self.name, experiment_id=self.place,
            inputs=SIGNATURE.inputs, outputs=SIGNATURE.outputs,
        )  # fmt: skip

    def heard(self) -> list[Entry]:
        """The feedback in the journal."""
        return list(self.journal.since(0, program=self.name, kind="feedback"))

    def shown(self, trace_id: str) -> list[tuple[str, Any]]:
        """What stands on the trace in MLflow."""
        info = self.home.client.get_trace(trace_id, display=False).info
        return sorted((a.name, a.value) for a in info.assessments)


@pytest.fixture
def desk(home: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    engine = open_engine(f"sqlite:///{tmp_path / 'state.db'}")
    made = Desk(home, name, Journal(engine), Watermarks(engine))
    for _ in logging_natively(home, made.place, monkeypatch):
        yield made
    engine.dispose()


def rate(trace_id: str, value: Any, user: str = "ana", **more: Any) -> Any:
    source = AssessmentSource("HUMAN", user)
    return mlflow.log_feedback(
        trace_id=trace_id, name="user_rating", value=value, source=source, **more
    )


def correct(trace_id: str, value: Any, user: str = "ana") -> Any:
    source = AssessmentSource("HUMAN", user)
    return mlflow.log_expectation(
        trace_id=trace_id, name="corrected_output", value=value, source=source
    )


def said(entry: Entry) -> tuple[str | None, Any, Any, Any]:
    payload = entry.payload
    return entry.user_id, *(payload.get(n) for n in ("rating", "corrected_output", "comment"))


def test_a_rated_trace_of_another_program_becomes_a_prediction_with_feedback(desk: Desk) -> None:
    silent, trace_id = desk.answered(), desk.answered()
    rate(trace_id, "thumbs_down")
    correct(trace_id, {"topic": "refund"})
    done = desk.pick_up()
    found = desk.journal.prediction(trace_id)
    assert (done.predictions, done.feedback, done.unfit) == (1, 1, 0)
    assert found.payload["inputs"] == {"text": "my parcel"}
    assert found.payload["outputs"] == {"topic": "shipping"}
    assert (found.user_id, found.version, found.payload["origin"]) == ("cem", None, "mlflow")
    assert [said(entry) for entry in desk.heard()] == [
        ("ana", "thumbs_down", {"topic": "refund"}, None)
    ]
    assert desk.journal.find_prediction(silent) is None


def test_what_was_picked_up_is_learned_from(desk: Desk, tmp_path: Path) -> None:
    correct(desk.answered(), {"topic": "refund"})
    desk.pick_up()
    (tmp_path / "rows.csv").write_text("text,topic\nmoney back,refund\nwhere is it,shipping\n")
    spec = order_spec(desk.name, dataset={"sources": [str(tmp_path / "rows.csv")]})
    entries = desk.journal.since(0, program=desk.name)
    rows = fold_dataset(spec, entries, upto=desk.journal.last_position()).rows
    assert ({"text": "my parcel"}, {"topic": "refund"}) in [(r.inputs, r.labels) for r in rows]


@pytest.mark.parametrize(
    ("value", "rating"),
    [(True, "thumbs_up"), ("thumbs-down", "thumbs_down"), ("Yes", "thumbs_up")],
)
def test_ratings_of_other_shapes_are_understood(desk: Desk, value: Any, rating: str) -> None:
    rate(desk.answered(), value, rationale="because")
    desk.pick_up()
    assert [said(entry) for entry in desk.heard()] == [("ana", rating, None, "because")]


def test_a_second_look_finds_nothing_new_and_nothing_goes_back(desk: Desk) -> None:
    trace_id = desk.answered()
    rate(trace_id, True)
    first, shown = desk.pick_up(), desk.shown(trace_id)
    desk.mirror()
    again = desk.pick_up()
    spans = desk.home.client.get_trace(trace_id, display=False).data.spans
    assert (first.entries, again.entries) == (2, 0)
    assert desk.shown(trace_id) == shown == [("user_rating", True)]
    assert [span.name for span in spans] == ["answer"]


def test_what_is_said_late_about_an_old_trace_is_found(desk: Desk) -> None:
    old = desk.answered()
    rate(desk.answered(), True)
    desk.pick_up()
    rate(old, False, "ben")
    assert desk.pick_up().feedback == 1
    assert [said(entry)[:2] for entry in desk.heard()] == [
        ("ana", "thumbs_up"),
        ("ben", "thumbs_down"),
    ]


def test_an_edit_is_new_feedback_also_where_it_goes_back_to_what_was(desk: Desk) -> None:
    trace_id = desk.answered()
    rate(trace_id, "thumbs_up")
    desk.pick_up()
    added = correct(trace_id, {"topic": "refund"})
    desk.pick_up()
    mlflow.delete_assessment(trace_id=trace_id, assessment_id=added.assessment_id)
    desk.pick_up()
    assert [said(entry)[1:3] for entry in desk.heard()] == [
        ("thumbs_up", None),
        ("thumbs_up", {"topic": "refund"}),
        ("thumbs_up", None),
    ]


def test_what_is_deleted_in_mlflow_is_taken_back_once(desk: Desk) -> None:
    trace_id = desk.answered()
    added = rate(trace_id, True)
    desk.pick_up()
    mlflow.delete_assessment(trace_id=trace_id, assessment_id=added.assessment_id)
    first, again = desk.pick_up(), desk.pick_up()
    assert (first.retractions, again.retractions) == (1, 0)
    assert desk.heard()[-1].payload["retracted"] is True


def test_a_trace_that_is_deleted_in_mlflow_takes_nothing_back(desk: Desk) -> None:
    trace_id = desk.answered()
    rate(trace_id, True)
    desk.pick_up()
    desk.home.client.delete_traces(desk.place, trace_ids=[trace_id])
    assert desk.pick_up() == PickedUp()


def test_a_reviewer_speaks_about_a_mirrored_answer(desk: Desk) -> None:
    trace_id = desk.mirrored()
    correct(trace_id, '{"topic": "refund"}', "rita")
    done = desk.pick_up()
    desk.mirror()
    assert (done.predictions, done.feedback) == (0, 1)
    assert [said(entry) for entry in desk.heard()] == [("rita", None, {"topic": "refund"}, None)]
    assert desk.shown(trace_id) == [("corrected_output", '{"topic": "refund"}')]


def test_what_the_mirror_wrote_is_not_taken_for_somebody_elses(desk: Desk) -> None:
    trace_id = desk.mirrored()
    desk.journal.append_feedback(
        trace_id, {"rating": "thumbs_up", "comment": "fine"},
        user_id="ana", authenticated=True, idem_key="1",
    )  # fmt: skip
    desk.mirror()
    assert desk.pick_up() == PickedUp()


def test_an_edit_of_what_the_mirror_wrote_replaces_it(desk: Desk) -> None:
    trace_id = desk.mirrored()
    desk.journal.append_feedback(
        trace_id, {"rating": "thumbs_up", "comment": "fine"},
        user_id="ana", authenticated=False, idem_key="1",
    )  # fmt: skip
    desk.mirror()
    info = desk.home.client.get_trace(trace_id, display=False).info
    (rating,) = (one for one in info.assessments if one.name == "user_rating")
    mlflow.update_assessment(
        trace_id, rating.assessment_id, mlflow.entities.Feedback("user_rating", "thumbs_down")
    )
    done, again = desk.pick_up(), desk.pick_up()
    desk.mirror()
    assert (done.feedback, again.feedback) == (1, 0)
    assert said(desk.heard()[-1]) == ("ana", "thumbs_down", None, "fine")
    assert desk.shown(trace_id) == [("comment", "fine"), ("user_rating", "thumbs_down")]
    assert desk.pick_up() == PickedUp()


def test_an_edit_in_mlflow_authenticates_nobody(desk: Desk) -> None:
    trace_id = desk.mirrored()
    desk.journal.append_feedback(
        trace_id, {"rating": "thumbs_up"}, user_id="ana", authenticated=True, idem_key="1"
    )
    desk.mirror()
    (rating,) = desk.home.client.get_trace(trace_id, display=False).info.assessments
    mlflow.update_assessment(
        trace_id, rating.assessment_id, mlflow.entities.Feedback("user_rating", "thumbs_down")
    )
    desk.pick_up()
    assert [(entry.voter, entry.payload["rating"]) for entry in desk.heard()] == [
        (("ana", True), "thumbs_up"),
        (("ana", False), "thumbs_down"),
    ]


@pytest.mark.parametrize(
    ("trace", "rating", "correction", "why"),
    [
        ({"inputs": {"question": "x"}}, True, None, "its input does not fit: text: is blank"),
        ({"outputs": {"topic": "weather"}}, True, None, "its output does not fit: topic"),
        ({}, "so so", None, "rating: is not a rating"),
        ({}, True, {"topic": "weather"}, "topic: is not an allowed value"),
        ({}, True, {"mood": "bad"}, "mood: is no output"),
    ],
)
def test_what_does_not_fit_is_counted_and_told(
    desk: Desk, trace: dict[str, Any], rating: Any, correction: Any, why: str
) -> None:
    trace_id = desk.answered(**trace)
    rate(trace_id, rating)
    if correction is not None:
        correct(trace_id, correction)
    done = desk.pick_up()
    assert (done.entries, done.unfit) == (0, 1)
    assert done.reasons[0].startswith(f"{trace_id}, ana: ")
    assert why in done.reasons[0]
    assert desk.heard() == []


def test_judges_and_code_are_nobodys_feedback(desk: Desk) -> None:
    mlflow.log_feedback(
        trace_id=desk.answered(), name="user_rating", value=True,
        source=AssessmentSource("LLM_JUDGE", "judge"),
    )  # fmt: skip
    assert desk.pick_up() == PickedUp()


def test_mlflow_away_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise MlflowException("gone")

    monkeypatch.setattr(TracingClient(desk.home.uri).store, "search_traces", away)
    with pytest.raises(StoreError, match="MLflow failed: gone"):
        desk.pick_up()
