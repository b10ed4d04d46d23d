"""Answers of somebody else's server: recorded, counted where not, and never broken by that."""

from __future__ import annotations

import asyncio
import copy
import logging
import threading
from collections.abc import Callable
from typing import Any

import dspy
import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, InputError, ProgramError, StoreError
from dspyui_core.lms import using_lm
from dspyui_core.runner import Journaled, Recorder, asked_by, trace_id_of
from dspyui_core.runner import recording as recording_module
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.testing import ScriptedLM

BILLING = dspy.Prediction(topic="billing")


@pytest.fixture
def journal(engine: Engine) -> Journal:
    return Journal(engine)


@pytest.fixture
def recorder(journal: Journal) -> Recorder:
    return Recorder(lambda: journal)


def _away() -> Journal:
    raise StoreError("the disk is gone")


def _only(journal: Journal) -> Entry:
    (entry,) = journal.since(0, spans=True)
    return entry


def _answers(**outputs: Any) -> Callable[..., dspy.Prediction]:
    def program(**inputs: Any) -> dspy.Prediction:
        return dspy.Prediction(**outputs)

    return program


def test_a_recorded_answer_is_a_prediction_of_its_program(
    recorder: Recorder, journal: Journal
) -> None:
    trace = recorder.record_prediction(
        "desk", {"text": "my bill"}, {"topic": "billing"}, version=3, user_id="ann", latency_ms=12
    )

    entry = _only(journal)
    assert (entry.trace_id, entry.program, entry.version, entry.user_id) == (
        trace,
        "desk",
        3,
        "ann",
    )
    assert entry.payload["inputs"] == {"text": "my bill"}
    assert entry.payload["outputs"] == {"topic": "billing"}
    assert entry.payload["latency_ms"] == 12
    assert recorder.stats.recorded == 1


def test_the_same_answer_told_again_is_there_once(recorder: Recorder, journal: Journal) -> None:
    for _ in range(2):
        recorder.record_prediction("desk", {"text": "x"}, {"topic": "a"}, trace_id="tr-1")

    assert journal.count() == 1
    assert recorder.stats.failed == 0


def test_another_answer_under_the_same_trace_id_is_refused(recorder: Recorder) -> None:
    recorder.record_prediction("desk", {"text": "x"}, {"topic": "a"}, trace_id="tr-1")

    with pytest.raises(ConflictError):
        recorder.record_prediction(
            "desk", {"text": "x"}, {"topic": "b"}, trace_id="tr-1", strict=True
        )


def test_a_failed_answer_is_recorded_with_its_error(recorder: Recorder, journal: Journal) -> None:
    recorder.record_prediction("desk", {"text": "x"}, None, error="no LM")

    assert (_only(journal).payload["outputs"], _only(journal).payload["error"]) == ({}, "no LM")


def test_an_answer_with_neither_outputs_nor_error_is_refused(recorder: Recorder) -> None:
    with pytest.raises(InputError, match="give the outputs"):
        recorder.record_prediction("desk", {"text": "x"}, None, strict=True)


def test_a_journal_that_is_away_is_counted_told_once_and_breaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Recorder(_away)

    with caplog.at_level(logging.WARNING, logger="dspyui"):
        traces = [recorder.record_prediction("desk", {}, {"topic": "a"}) for _ in range(3)]

    assert traces == [None, None, None]
    assert recorder.stats.failed == 3
    assert "the disk is gone" in (recorder.stats.last_error or "")
    assert len(caplog.records) == 1


def test_strict_raises_and_counts(recorder: Recorder) -> None:
    strict = Recorder(_away)

    with pytest.raises(StoreError, match="the disk is gone"):
        strict.record_prediction("desk", {}, {"topic": "a"}, strict=True)
    assert strict.stats.failed == 1


def test_an_answer_waits_only_so_long_for_a_journal_that_hangs(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "PATIENCE_SECONDS", 0.05)
    ends = threading.Event()

    def hangs() -> Journal:
        ends.wait(10)
        return journal

    recorder = Recorder(hangs)

    assert recorder.record_prediction("desk", {}, {"topic": "a"}) is None
    ends.set()
    assert "did not answer within" in (recorder.stats.last_error or "")


def test_a_journaled_program_answers_as_before(recorder: Recorder, journal: Journal) -> None:
    program = Journaled(_answers(topic="billing"), "desk", recorder=recorder, version=2)

    prediction = program(text="my bill")

    entry = _only(journal)
    assert prediction == BILLING
    assert prediction.toDict() == {"topic": "billing"}
    assert trace_id_of(prediction) == entry.trace_id
    assert (entry.payload["inputs"], entry.version) == ({"text": "my bill"}, 2)


def test_a_dspy_module_is_recorded_with_its_spans_and_what_it_cost(
    recorder: Recorder, journal: Journal
) -> None:
    program = Journaled(dspy.Predict("text -> topic"), "desk", recorder=recorder)

    with using_lm(ScriptedLM({"topic": "billing"})):
        assert program(text="my bill").topic == "billing"

    entry = _only(journal)
    assert entry.payload["lm"] == {"name": "scripted/lm", "calls": 1, "usd": 0.0}
    assert [span["type"] for span in entry.spans or []] == ["LLM", "CHAT_MODEL"]
    assert program.signature is not None


def test_arguments_by_place_are_recorded_by_name(recorder: Recorder, journal: Journal) -> None:
    def program(text: str) -> dspy.Prediction:
        return BILLING

    Journaled(program, "desk", recorder=recorder)("my bill")

    assert _only(journal).payload["inputs"] == {"text": "my bill"}


def test_what_the_program_does_to_its_arguments_is_not_what_was_asked(
    recorder: Recorder, journal: Journal
) -> None:
    def program(tags: list[str]) -> dspy.Prediction:
        tags.append("changed")
        return BILLING

    Journaled(program, "desk", recorder=recorder)(tags=["a"])

    assert _only(journal).payload["inputs"] == {"tags": ["a"]}


def test_an_exception_is_recorded_and_passes_unchanged(
    recorder: Recorder, journal: Journal
) -> None:
    error = KeyError("no shelf")

    def program(**inputs: Any) -> dspy.Prediction:
        raise error

    with pytest.raises(KeyError) as raised:
        Journaled(program, "desk", recorder=recorder)(text="x")

    assert raised.value is error
    assert "no shelf" in _only(journal).payload["error"]


def test_a_journaled_program_may_be_copied(recorder: Recorder, journal: Journal) -> None:
    program = copy.copy(Journaled(_answers(topic="billing"), "desk", recorder=recorder))

    assert program(text="x").topic == "billing"
    assert journal.count() == 1


def test_async_programs_are_recorded_too(recorder: Recorder, journal: Journal) -> None:
    async def function(**inputs: Any) -> dspy.Prediction:
        return dspy.Prediction(topic="billing")

    async def both() -> tuple[Any, Any]:
        with using_lm(ScriptedLM({"topic": "billing"})):
            module = Journaled(dspy.Predict("text -> topic"), "desk", recorder=recorder)
            return await Journaled(function, "desk", recorder=recorder)(
                text="a"
            ), await module.acall(text="b")

    answers = asyncio.run(both())

    recorded = {entry.trace_id: entry.payload["inputs"] for entry in journal.since(0)}
    assert [recorded[trace_id_of(answer) or ""] for answer in answers] == [
        {"text": "a"},
        {"text": "b"},
    ]


def test_the_answers_of_a_block_are_its_users(recorder: Recorder, journal: Journal) -> None:
    program = Journaled(_answers(topic="a"), "desk", recorder=recorder)

    with asked_by("ann", authenticated=True):
        program(text="1")
    program(text="2")

    assert [entry.voter for entry in journal.since(0)] == [("ann", True), (None, False)]


def test_an_answer_that_is_no_prediction_is_returned_and_counted(recorder: Recorder) -> None:
    def program(**inputs: Any) -> Any:
        return {"topic": "billing"}

    assert Journaled(program, "desk", recorder=recorder)(text="x") == {"topic": "billing"}
    assert recorder.stats.failed == 1
    with pytest.raises(ProgramError, match="record_prediction"):
        Journaled(program, "desk", recorder=recorder, strict=True)(text="x")


def test_a_program_whose_journal_is_away_answers_all_the_same() -> None:
    recorder = Recorder(_away)

    prediction = Journaled(_answers(topic="a"), "desk", recorder=recorder)(text="x")

    assert (prediction.topic, trace_id_of(prediction)) == ("a", None)
    assert recorder.stats.failed == 1
