"""The mirror against a real MLflow and a real journal: exactly once, also after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Feedback
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient

from dspyui_core.errors import StoreError
from dspyui_core.mirror import Lag, Mirrored, lag_of, mirror_once, mlflow_trace_id
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal, NewPrediction
from dspyui_core.store.watermarks import Watermarks

Once = Callable[..., Mirrored]


class CrashError(Exception):
    """A process that ends here."""


class Crashes:
    """Lets a process end at its first write, before or after it, the next one at its second..."""

    WRITES = ("log_spans", "create_assessment", "delete_assessment")

    def __init__(self, store: Any, watermarks: Watermarks, monkeypatch: pytest.MonkeyPatch) -> None:
        self.crashes, self._left = 0, 0
        for place, write in [*((store, name) for name in self.WRITES), (watermarks, "advance")]:
            monkeypatch.setattr(place, write, self._crashing(getattr(place, write)))

    def survived(self, run: Callable[[], Any]) -> bool:
        """Whether a process came to its end this time; each one gets one step further."""
        self._left = self.crashes // 2 + 1
        try:
            run()
        except CrashError:
            self.crashes += 1
            return False
        return True

    def _crashing(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left > 0:
                return write(*arguments, **options)
            if self.crashes % 2:
                write(*arguments, **options)
            raise CrashError

        return call


def away(*_: Any, **__: Any) -> None:
    raise MlflowException("gone")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Any]:
    opened = open_engine(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.dispose()


@pytest.fixture
def journal(engine: Any) -> Journal:
    return Journal(engine)


@pytest.fixture
def watermarks(engine: Any) -> Watermarks:
    return Watermarks(engine)


@pytest.fixture
def once(home: Any, name: str, journal: Journal, watermarks: Watermarks) -> Once:
    place = home.experiment(name)

    def run(**options: Any) -> Mirrored:
        return mirror_once(
            journal, watermarks, home.client, program=name, experiment_id=place, **options
        )

    return run


@pytest.fixture
def trace_ids(name: str, journal: Journal) -> list[str]:
    """Five predictions of version 2 in the journal."""
    ids = [mlflow_trace_id(f"{name} {number}") for number in range(5)]
    journal.append(
        [
            NewPrediction(
                name,
                trace_id,
                {
                    "inputs": {"text": f"où est le colis {number}?"},
                    "outputs": {"topic": "shipping"},
                    "latency_ms": 12.0,
                },
                user_id="ana",
                version=2,
            )
            for number, trace_id in enumerate(ids)
        ]
    )
    return ids


def give(
    journal: Journal,
    name: str,
    trace_id: str,
    user: str | None = "ana",
    *,
    authenticated: bool = True,
    **payload: Any,
) -> None:
    key = f"{trace_id}-{user}-{authenticated}-{payload}"
    journal.append_feedback(
        trace_id, payload, user_id=user, authenticated=authenticated, idem_key=key
    )


def assessments(home: Any, trace_id: str) -> list[tuple[str, Any, str]]:
    trace = home.client.get_trace(trace_id, display=False)
    return sorted((a.name, a.value, a.source.source_id) for a in trace.info.assessments)


def matches(home: Any, experiment_id: str, filter_string: str) -> list[str]:
    found = home.client.search_traces(
        locations=[experiment_id], filter_string=filter_string, include_spans=False
    )
    return [trace.info.trace_id for trace in found]


def test_predictions_become_traces_with_our_ids_inputs_outputs_and_tags(
    home: Any, name: str, once: Once, trace_ids: list[str]
) -> None:
    done = once()
    info = home.client.get_trace(trace_ids[1], display=False).info
    (span,) = home.client.get_trace(trace_ids[1], display=False).data.spans
    assert (done.traces, done.assessments, done.orphans) == (5, 0, 0)
    assert span.inputs == {"text": "où est le colis 1?"}
    assert span.outputs == {"topic": "shipping"}
    assert (info.state.value, info.execution_duration) == ("OK", 12)
    assert "colis 1" in info.request_preview and "shipping" in info.response_preview
    assert (span.name, info.tags["dspyui.version"]) == (name, "2")
    found = matches(home, home.experiment(name), "tags.`dspyui.version` = '2'")
    assert sorted(found) == sorted(trace_ids)


def test_a_failed_prediction_is_a_trace_in_error(
    home: Any, name: str, once: Once, journal: Journal
) -> None:
    trace_id = "tr-" + "f" * 31 + "0"
    journal.append_prediction(name, trace_id, {"inputs": {"text": "x"}, "error": "LM timed out"})
    once()
    trace = home.client.get_trace(trace_id, display=False)
    assert trace.info.state.value == "ERROR"
    assert trace.data.spans[0].status.description == "LM timed out"


def test_feedback_becomes_assessments_of_a_human(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    give(
        journal, name, trace_ids[0], "ben",
        rating="thumbs_down", corrected_output={"topic": "refund"}, comment="not a parcel",
    )  # fmt: skip
    give(journal, name, trace_ids[0], None, rating="thumbs_up")
    done = once()
    assert done.assessments == 4
    assert assessments(home, trace_ids[0]) == [
        ("comment", "not a parcel", "ben"),
        ("corrected_output", {"topic": "refund"}, "ben"),
        ("user_rating", "thumbs_down", "ben"),
        ("user_rating", "thumbs_up", "anonymous"),
    ]


def test_nothing_is_copied_twice_and_later_feedback_is_taken(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    first = once()
    again = once()
    give(journal, name, trace_ids[4], rating="thumbs_up")
    later = once()
    assert (first.traces, again.traces, later.traces) == (5, 0, 0)
    assert (again.position, later.assessments) == (first.position, 1)
    assert later.position == journal.last_position(name)


@pytest.mark.parametrize("batch", [1, 200])
def test_a_superseded_rating_no_longer_counts(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str], batch: int
) -> None:
    place = home.experiment(name)
    give(journal, name, trace_ids[0], rating="thumbs_down", corrected_output={"topic": "refund"})
    once(batch=batch)
    give(journal, name, trace_ids[0], rating="thumbs_down", comment="thinking again")
    give(journal, name, trace_ids[0], rating="thumbs_up")
    once(batch=batch)
    assert assessments(home, trace_ids[0]) == [("user_rating", "thumbs_up", "ana")]
    assert matches(home, place, "feedback.user_rating = 'thumbs_down'") == []
    assert matches(home, place, "feedback.user_rating = 'thumbs_up'") == [trace_ids[0]]


def test_a_retraction_takes_only_its_users_feedback_away(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    give(journal, name, trace_ids[0], "ana", rating="thumbs_down")
    give(journal, name, trace_ids[0], "ben", rating="thumbs_up")
    once()
    give(journal, name, trace_ids[0], "ana", retracted=True)
    once()
    assert assessments(home, trace_ids[0]) == [("user_rating", "thumbs_up", "ben")]


def test_an_assessment_made_in_mlflow_itself_stays(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    once()
    TracingClient(home.uri).log_assessment(trace_ids[0], Feedback(name="judge", value="fine"))
    give(journal, name, trace_ids[0], rating="thumbs_up")
    once()
    assert [found[0] for found in assessments(home, trace_ids[0])] == ["judge", "user_rating"]


def test_who_only_claims_a_name_is_kept_apart_from_who_has_it(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    give(journal, name, trace_ids[0], "ana", rating="thumbs_up")
    give(journal, name, trace_ids[0], "ana", authenticated=False, rating="thumbs_down")
    once()
    both = assessments(home, trace_ids[0])
    give(journal, name, trace_ids[0], "ana", authenticated=False, retracted=True)
    once()
    assert [value for _, value, _ in both] == ["thumbs_down", "thumbs_up"]
    assert assessments(home, trace_ids[0]) == [("user_rating", "thumbs_up", "ana")]


@pytest.mark.parametrize("batch", [3, 200])
def test_a_crash_at_any_call_leaves_nothing_doubled_and_nothing_out(
    home: Any,
    name: str,
    once: Once,
    journal: Journal,
    watermarks: Watermarks,
    trace_ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
) -> None:
    give(journal, name, trace_ids[0], rating="thumbs_down", corrected_output={"topic": "refund"})
    give(journal, name, trace_ids[0], rating="thumbs_up")
    give(journal, name, trace_ids[1], rating="thumbs_up", comment="good")
    give(journal, name, trace_ids[1], "ben", rating="thumbs_up")
    give(journal, name, trace_ids[1], "ben", retracted=True)
    calls = Crashes(TracingClient(home.uri).store, watermarks, monkeypatch)
    while not calls.survived(lambda: once(batch=batch)):
        pass
    traces = matches(home, home.experiment(name), "tags.`dspyui.version` = '2'")
    assert calls.crashes >= 6
    assert sorted(traces) == sorted(trace_ids)
    assert assessments(home, trace_ids[0]) == [("user_rating", "thumbs_up", "ana")]
    assert assessments(home, trace_ids[1]) == [
        ("comment", "good", "ana"),
        ("user_rating", "thumbs_up", "ana"),
    ]
    for trace_id in trace_ids:
        assert len(home.client.get_trace(trace_id, display=False).data.spans) == 1


def test_mlflow_away_is_said_and_caught_up_with_later(
    home: Any,
    name: str,
    once: Once,
    journal: Journal,
    trace_ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give(journal, name, trace_ids[0], rating="thumbs_up")
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="MLflow failed: gone"):
        patch.setattr(TracingClient(home.uri).store, "log_spans", away)
        once()
    give(journal, name, trace_ids[1], rating="thumbs_up")
    done = once()
    assert (done.traces, done.assessments) == (5, 2)


def test_the_lag_counts_what_mlflow_has_not_and_says_how_old_it_is(
    name: str, once: Once, journal: Journal, watermarks: Watermarks, trace_ids: list[str]
) -> None:
    oldest = journal.prediction(trace_ids[0]).at
    before = lag_of(journal, watermarks, name, now=lambda: oldest + timedelta(seconds=7))
    once()
    assert before == Lag(entries=5, seconds=7.0)
    assert lag_of(journal, watermarks, name) == Lag(entries=0, seconds=0.0)


def test_it_ends_after_the_batch_in_which_it_is_told_to(
    name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    asked = iter([False, True])
    first = once(batch=2, stop=lambda: next(asked))
    rest = once(batch=2)
    assert (first.traces, rest.traces) == (2, 3)


def test_a_childs_clock_does_not_reach_beyond_its_prediction(
    home: Any, name: str, once: Once, journal: Journal
) -> None:
    start = 1_700_000_000_000_000_000
    child = {
        "name": "Predict.forward", "type": "LLM", "id": "c" * 16, "parent": None, "status": "OK",
        "start_ns": start - 5_000_000, "end_ns": start + 50_000_000, "inputs": {}, "outputs": {},
    }  # fmt: skip
    payload = {
        "inputs": {"text": "x"}, "outputs": {"topic": "refund"}, "latency_ms": 40.0,
        "started_at": "2023-11-14T22:13:20+00:00",
    }  # fmt: skip
    journal.append([NewPrediction(name, mlflow_trace_id(name), payload, spans=[child])])
    once()
    root, only = home.client.get_trace(mlflow_trace_id(name), display=False).data.spans
    assert (root.start_time_ns, root.end_time_ns) == (only.start_time_ns, only.end_time_ns)


def test_feedback_on_a_trace_deleted_in_mlflow_is_passed_over(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    once()
    home.client.delete_traces(home.experiment(name), trace_ids=[trace_ids[0]])
    give(journal, name, trace_ids[0], rating="thumbs_up")
    give(journal, name, trace_ids[1], rating="thumbs_up")
    done = once()
    assert (done.orphans, done.assessments, done.position) == (1, 1, journal.last_position(name))


def test_other_programs_stay_out(
    home: Any, name: str, once: Once, journal: Journal, trace_ids: list[str]
) -> None:
    journal.append_prediction("another", "tr-" + "e" * 32, {"inputs": {}, "outputs": {}})
    assert once().traces == len(trace_ids)


def test_a_trace_id_of_another_shape_gets_an_id_that_mlflow_takes(
    home: Any, name: str, once: Once, journal: Journal
) -> None:
    journal.append_prediction(name, f"{name}/request 7", {"inputs": {"text": "x"}})
    give(journal, name, f"{name}/request 7", rating="thumbs_up")
    once()
    found = mlflow_trace_id(f"{name}/request 7")
    tags = home.client.get_trace(found, display=False).info.tags
    assert tags["dspyui.trace"] == f"{name}/request 7"
    assert assessments(home, found) == [("user_rating", "thumbs_up", "ana")]


def test_a_long_journal_is_written_in_few_transactions(
    home: Any, name: str, once: Once, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = {"inputs": {"text": "x"}, "outputs": {"topic": "refund"}}
    journal.append(
        [NewPrediction(name, mlflow_trace_id(f"{name}{number}"), payload) for number in range(50)]
    )
    store, sizes = TracingClient(home.uri).store, []
    write = store.log_spans
    monkeypatch.setattr(
        store, "log_spans", lambda place, spans: sizes.append(len(spans)) or write(place, spans)
    )
    assert once(batch=20).traces == 50
    assert sizes == [20, 20, 10]
