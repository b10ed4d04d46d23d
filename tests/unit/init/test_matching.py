"""Matching: a program class's own fields, and the columns they are read from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dspyui_core.datasets.drafts.guessing import Guess
from dspyui_core.datasets.drafts.matching import ProgramFields, guess_for, read_program
from dspyui_core.errors import InputError, SpecError
from support.tables import INBOX, INTENTS, MESSAGES, Cells, table

CODE = '''
from typing import Literal

import dspy

class Sort(dspy.Signature):
    """Sort the message."""
    Text: str = dspy.InputField()
    kind: Literal["delay", "refund", "address"] = dspy.OutputField()

class Base(dspy.Module):
    def forward(self, **inputs):
        return self.predict(**inputs)

class Typed(Base):
    def __init__(self, signature=Sort):
        super().__init__()
        self.predict = dspy.Predict(signature)

class InWords(Base):
    def __init__(self, signature="question, context -> answer"):
        super().__init__()
        self.predict = dspy.Predict(signature)

class Asking(dspy.Module):
    def __init__(self, signature):
        super().__init__()
        self.predict = dspy.Predict(signature)

    def forward(self, message, tone="kind"):
        return self.predict(message=message)

class Answer(dspy.Signature):
    """Sort the message into a kind."""
    context: str = dspy.InputField()
    message: str = dspy.InputField()
    kind: Literal["delay", "refund", "address"] = dspy.OutputField()
    urgent: bool = dspy.OutputField()

class Closed(dspy.Module):
    def __init__(self, k=3):
        super().__init__()
        self.answer = dspy.ChainOfThought(Answer)

    def forward(self, message):
        return self.answer(message=message, context="")

class TwoSteps(Closed):
    def __init__(self):
        super().__init__()
        self.last = dspy.Predict("note -> intent: int")

class Anything(TwoSteps):
    def forward(self, **inputs):
        return self.last(note=self.answer(**inputs).kind)

class Empty(dspy.Module):
    def forward(self, message):
        return dspy.Prediction(intent=message)

class Raising(dspy.Module):
    def __init__(self):
        super().__init__()
        self.missing.attribute

def function(signature):
    return None
'''


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "programs_of_the_user.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "programs_of_the_user", raising=False)
    return tmp_path


def read(workspace: Path, name: str) -> ProgramFields:
    return read_program(f"programs_of_the_user:{name}", workspace=workspace)


def matched(
    workspace: Path,
    name: str,
    columns: Cells = INBOX,
    *,
    labels: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
) -> Guess:
    return guess_for(read(workspace, name), table(columns), labels=labels, inputs=inputs)


def test_a_default_signature_gives_the_fields_the_types_and_the_instructions(
    workspace: Path,
) -> None:
    found = read(workspace, "Typed")

    assert found.instructions == "Sort the message."
    assert list(found.inputs) == ["Text"]
    kind = found.outputs["kind"]
    assert kind is not None
    assert kind.values == ("delay", "refund", "address")


def test_without_one_the_arguments_of_forward_are_the_inputs(workspace: Path) -> None:
    found = read(workspace, "Asking")

    assert (list(found.inputs), list(found.outputs)) == (["message"], [])


def test_fields_take_the_column_of_their_name_or_the_one_that_is_left(workspace: Path) -> None:
    found = matched(workspace, "Typed")

    assert found.columns == {"Text": "text", "kind": "intent"}
    assert found.outputs[0].field.type == "literal"


def test_named_columns_are_taken_in_the_programs_order(workspace: Path) -> None:
    columns: Cells = {"a": MESSAGES, "b": MESSAGES[::-1], "c": INTENTS}

    found = matched(workspace, "InWords", columns, labels=("c",), inputs=("b", "a"))

    assert found.columns == {"question": "b", "context": "a", "answer": "c"}


def test_a_text_output_keeps_the_values_that_the_file_has(workspace: Path) -> None:
    columns: Cells = {"question": MESSAGES, "context": MESSAGES, "answer": INTENTS}

    assert matched(workspace, "InWords", columns).outputs[0].field.type == "literal"


def test_a_program_that_does_not_say_its_outputs_takes_the_guessed_ones(workspace: Path) -> None:
    found = matched(workspace, "Asking")

    assert found.columns == {"message": "text"}
    assert [part.column for part in found.outputs] == ["intent"]


def test_own_signatures_give_the_outputs_and_forward_the_inputs(workspace: Path) -> None:
    found = read(workspace, "Closed")

    assert found.instructions == "Sort the message into a kind."
    types = {n: f.type if f else None for n, f in {**found.inputs, **found.outputs}.items()}
    assert types == {"message": "str", "kind": "literal", "urgent": "bool"}
    assert found.doubts == ()


def test_of_several_predictors_the_last_ones_outputs_are_guessed(workspace: Path) -> None:
    found = read(workspace, "TwoSteps")

    assert list(found.inputs) == ["message"]
    assert {n: f.type if f else None for n, f in found.outputs.items()} == {"intent": "int"}
    assert ["last, the last of 2 predictors" in doubt for doubt in found.doubts] == [True]


def test_a_forward_that_takes_anything_is_given_what_its_first_predictor_takes(
    workspace: Path,
) -> None:
    assert list(read(workspace, "Anything").inputs) == ["context", "message"]


def test_what_an_own_signature_gives_and_no_column_has_is_left_out(workspace: Path) -> None:
    columns: Cells = {"message": MESSAGES, "kind": INTENTS}

    found = matched(workspace, "Closed", columns)

    assert [part.field.name for part in found.outputs] == ["kind"]
    assert found.outputs[0].field.values == ("delay", "refund", "address")
    assert any("has urgent, so it is left out" in doubt for doubt in found.doubts)


def test_without_a_predictor_the_outputs_are_guessed_from_the_file(workspace: Path) -> None:
    found = matched(workspace, "Empty")

    assert [part.column for part in found.outputs] == ["intent"]


def test_a_field_without_a_column_is_told_with_both_sides(workspace: Path) -> None:
    with pytest.raises(InputError) as caught:
        matched(workspace, "InWords")

    assert "takes question, context and gives answer" in caught.value.message
    assert "inbox.csv has the columns ticket_id, text, intent" in caught.value.message
    assert [problem.column for problem in caught.value.problems] == ["question", "context"]
    assert "--input COLUMN" in caught.value.hint


@pytest.mark.parametrize(
    ("target", "said", "hint"),
    [
        ("programs_of_the_user:Raising", "cannot be made: AttributeError", "look at line"),
        ("programs_of_the_user:function", "is no dspy.Module", "dspy.Module"),
        ("programs_of_the_user:Missing", "cannot import", "check the name"),
        ("no_such_package:Typed", "cannot import", "check the name"),
        ("programs_of_the_user", "names no class", "package.module:Class"),
    ],
)
def test_a_class_that_cannot_be_a_program_is_told(
    workspace: Path, target: str, said: str, hint: str
) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        read_program(target, workspace=workspace)

    assert hint in caught.value.hint
