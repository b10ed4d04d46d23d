"""Own code: what it is made with, what it is told when it fails, and how it fits the spec."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import dspy
import pytest

from dspyui_core.errors import SpecError
from dspyui_core.fields import Field
from dspyui_core.own_code import (
    check_forward,
    import_python,
    make_program,
    output_doubts,
    signature_parameter,
)
from dspyui_core.signatures import build_signature
from dspyui_core.spec import Choice
from dspyui_core.testing import tiny_spec

SIGNATURE = build_signature(tiny_spec().signature)
CODE = """
import dspy

class Answer(dspy.Signature):
    context: str = dspy.InputField()
    text: str = dspy.InputField()
    topic: str = dspy.OutputField()
    urgent: str = dspy.OutputField()

class Rag(dspy.Module):
    def __init__(self, k=3):
        super().__init__()
        self.k, self.answer = k, dspy.ChainOfThought(Answer)
    def forward(self, text, *, tone="kind"):
        return self.answer(text=text, context="")

class Last(dspy.Module):
    def __init__(self, k=3, *, signature):
        super().__init__()
        self.k, self.answer = k, dspy.Predict(signature)

class Task(dspy.Module):
    def __init__(self, task, k=3):
        super().__init__()
        self.k, self.answer = k, dspy.Predict(task)

class Bare(dspy.Module):
    def forward(self, text):
        return dspy.Prediction(topic=text)

class Raising(dspy.Module):
    def __init__(self):
        super().__init__()
        self.index = {}["index"]

def rag(k=1):
    return Rag(k=k)

ready = Rag()
"""


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("own_programs", "own_ruin"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "own_programs.py").write_text(CODE)
    (tmp_path / "own_ruin.py").write_text("import dspy\n\nk = 1 / 0\n")
    return tmp_path


def made(workspace: Path, name: str, **options: Any) -> dspy.Module:
    choice = Choice(name=f"python:own_programs:{name}", options=options)
    return make_program(choice, SIGNATURE, workspace=workspace)


@pytest.mark.parametrize(("name", "k"), [("Rag", 3), ("rag", 1)])
def test_a_program_with_signatures_of_its_own_is_made_without_the_specs(
    workspace: Path, name: str, k: int
) -> None:
    assert made(workspace, name).k == k
    program = made(workspace, name, k=5)

    assert program.k == 5
    assert list(program.predictors()[0].signature.input_fields) == ["context", "text"]


@pytest.mark.parametrize("name", ["Last", "Task"])
def test_a_program_that_takes_the_specs_signature_gets_it(workspace: Path, name: str) -> None:
    program = made(workspace, name, k=5)

    assert program.k == 5
    assert program.predictors()[0].signature is SIGNATURE


@pytest.mark.parametrize(
    ("name", "options", "parameter"),
    [
        ("Rag", {}, None),
        ("Bare", {}, None),
        ("Last", {}, "signature"),
        ("Task", {}, "task"),
        ("Task", {"task": "text -> topic"}, None),
    ],
)
def test_the_signatures_parameter_is_the_one_of_that_name_or_the_first_that_is_open(
    workspace: Path, name: str, options: dict[str, Any], parameter: str | None
) -> None:
    code = import_python(f"own_programs:{name}", workspace=workspace)

    found = signature_parameter(code, options)

    assert (found.name if found else None) == parameter


def test_a_class_that_raises_is_named_with_the_error_and_its_line(workspace: Path) -> None:
    with pytest.raises(SpecError) as caught:
        made(workspace, "Raising")

    told = "python:own_programs:Raising cannot be made: KeyError: 'index'"
    assert caught.value.message == told
    line = CODE.splitlines().index('        self.index = {}["index"]') + 1
    assert caught.value.hint == f"look at line {line} of own_programs.py"


def test_a_module_that_raises_is_told_with_its_line(workspace: Path) -> None:
    with pytest.raises(SpecError, match="own_ruin:Rag: ZeroDivisionError") as caught:
        import_python("own_ruin:Rag", workspace=workspace)

    assert caught.value.hint == "look at line 3 of own_ruin.py"


def test_a_program_that_is_made_already_is_asked_for_by_its_class(workspace: Path) -> None:
    with pytest.raises(SpecError, match="ready is a Rag already") as caught:
        made(workspace, "ready")

    assert caught.value.hint == "name its class: Rag"


@pytest.mark.parametrize("inputs", [["text"], ["text", "tone"]])
def test_a_forward_that_takes_the_inputs_is_fine(workspace: Path, inputs: list[str]) -> None:
    assert check_forward("Rag", made(workspace, "Rag"), inputs) is None


def test_a_forward_that_takes_other_inputs_is_told_with_both_sides(workspace: Path) -> None:
    with pytest.raises(SpecError) as caught:
        check_forward("Rag", made(workspace, "Rag"), ["message", "tone"])

    told = "forward of Rag takes text, tone; the spec's inputs are message, tone"
    assert caught.value.message == told
    assert [problem.column for problem in caught.value.problems] == [
        "signature.inputs.message",
        "signature.inputs.text",
    ]


def test_a_program_without_a_forward_is_told(workspace: Path) -> None:
    with pytest.raises(SpecError, match="Task has no forward"):
        check_forward("Task", made(workspace, "Task"), ["text"])


def test_outputs_that_a_predictor_gives_raise_no_doubt(workspace: Path) -> None:
    outputs = [Field(name="topic", type="literal", values=("a", "b")), Field(name="urgent")]

    assert output_doubts("Rag", made(workspace, "Rag"), outputs) == []


def test_an_output_that_no_predictor_gives_is_a_doubt(workspace: Path) -> None:
    (doubt,) = output_doubts("Rag", made(workspace, "Rag"), [Field(name="label")])

    assert "no predictor of Rag gives label (they give reasoning, topic, urgent)" in doubt


def test_an_output_of_another_kind_is_a_doubt(workspace: Path) -> None:
    outputs = [Field(name="topic"), Field(name="urgent", type="bool")]

    doubts = output_doubts("Rag", made(workspace, "Rag"), outputs)

    assert doubts == ["Rag gives urgent as str, the spec says bool"]


def test_a_program_that_sets_no_predictor_is_a_doubt(workspace: Path) -> None:
    (doubt,) = output_doubts("Bare", made(workspace, "Bare"), [Field(name="topic")])

    assert "has no predictor" in doubt
