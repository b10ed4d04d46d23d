"""Inference: an answer is in the journal before the caller has it, a failure too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dspy
import pytest
from dspy import lm15
from sqlalchemy import Engine

from dspyui_core import programs
from dspyui_core.errors import ConflictError, InputError, LMError
from dspyui_core.lms import MeteredLM
from dspyui_core.runner import (
    Answer,
    generate_program_response,
    load_program_metadata,
    new_trace_id,
)
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.testing import ScriptedLM, tiny_spec

SPEC = tiny_spec()


@dataclass(frozen=True)
class Version:
    program: dspy.Module
    spec: ProgramSpec = SPEC
    version: int | None = 3


@pytest.fixture
def journal(engine: Engine) -> Journal:
    return Journal(engine)


def asked(
    journal: Journal, lm: MeteredLM, inputs: dict[str, Any] | None = None, **options: Any
) -> Answer:
    served = options.pop("served", None) or Version(programs.build(SPEC))
    text = {"text": "where is it?"} if inputs is None else inputs
    return generate_program_response(served, text, lm=lm, journal=journal, **options)


def only_entry(journal: Journal) -> Entry:
    (entry,) = journal.since(0)
    return entry


def test_an_answer_is_recorded_under_the_trace_id_that_the_caller_gets(journal: Journal) -> None:
    answer = asked(journal, ScriptedLM({"topic": "delivery"}), user_id="ann")

    entry = journal.prediction(answer.trace_id)
    assert (answer.outputs, answer.version, answer.program) == ({"topic": "delivery"}, 3, "tiny")
    assert (entry.program, entry.version, entry.user_id) == ("tiny", 3, "ann")
    assert entry.payload["inputs"] == {"text": "where is it?"}
    assert entry.payload["outputs"] == {"topic": "delivery"}
    assert entry.payload["lm"] == {"name": "embedded/in-context", "calls": 1, "usd": 0.0}
    assert "error" not in entry.payload


def test_an_lm_that_fails_is_recorded_and_then_raised(journal: Journal) -> None:
    with pytest.raises(LMError, match="did not answer in time"):
        asked(journal, ScriptedLM(lm15.TimeoutError("slow")))

    payload = only_entry(journal).payload
    assert payload["outputs"] == {}
    assert "did not answer in time" in payload["error"]


class Broken(dspy.Module):
    def __init__(self, result: Any = None) -> None:
        super().__init__()
        self.result = result

    def forward(self, text: str) -> Any:
        if self.result is None:
            raise KeyError(text)
        return self.result


def test_a_failure_of_the_users_own_code_stays_what_it_is(journal: Journal) -> None:
    with pytest.raises(KeyError):
        asked(journal, ScriptedLM(), served=Version(Broken()))

    assert only_entry(journal).payload["error"] == "KeyError: 'where is it?'"


def test_a_program_that_returns_no_prediction_is_an_error_and_not_an_empty_answer(
    journal: Journal,
) -> None:
    with pytest.raises(Exception, match="returned a dict, not a dspy"):
        asked(journal, ScriptedLM(), served=Version(Broken({"topic": "billing"})))

    assert "not a dspy.Prediction" in only_entry(journal).payload["error"]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"txt": "hello"}, ["text: is blank", "txt: is no input here", "did you mean 'text'?"]),
        ({"text": "hello", "more": 1}, ["more: is no input here"]),
        ({"text": "  "}, ["text: is blank"]),
        ({"text": 5}, ["text: input should be a valid string"]),
        ({}, ["text: is blank"]),
    ],
)
def test_wrong_inputs_are_told_at_once_and_nothing_is_asked_or_recorded(
    inputs: dict[str, Any], said: list[str], journal: Journal
) -> None:
    lm = ScriptedLM()

    with pytest.raises(InputError) as caught:
        asked(journal, lm, inputs)

    assert [part for part in said if part not in str(caught.value)] == []
    assert (lm.heard, journal.last_position()) == ([], 0)


def test_a_trace_id_that_was_used_for_another_answer_is_refused(journal: Journal) -> None:
    lm = ScriptedLM(rule=lambda question: {"topic": "billing"})
    asked(journal, lm, {"text": "one"}, new_id=lambda: "tr-1")

    with pytest.raises(ConflictError):
        asked(journal, lm, {"text": "two"}, new_id=lambda: "tr-1")


def test_trace_ids_have_mlflows_form_and_differ() -> None:
    ids = {new_trace_id() for _ in range(50)}

    assert len(ids) == 50
    assert all(id.startswith("tr-") and len(id) == 35 for id in ids)


def test_the_metadata_of_a_program_says_what_it_takes_and_gives() -> None:
    found = load_program_metadata(SPEC)

    assert list(found["input_fields"]) == ["text"]
    assert found["output_fields"]["topic"]["values"] == ["billing", "delivery", "account"]
    assert (found["name"], found["dspy_module"]) == ("tiny", "predict")
