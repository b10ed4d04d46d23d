"""Compiling: spec and rows in, the same candidate every time out; the LM is scoped."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import dspy
import pytest
import yaml

from dspyui_core import programs
from dspyui_core.compiler import Candidate, check_program, compile_program
from dspyui_core.errors import SpecError
from dspyui_core.lms import EMBEDDED_LM, open_lm
from dspyui_core.testing import tiny_rows, tiny_spec

ROWS = tiny_rows(36)
KNN = {"name": "knn_few_shot", "options": {"k": 2}}


def compiled(**options: Any) -> Candidate:
    return compile_program(
        tiny_spec(optimizer=KNN),
        ROWS[:24],
        ROWS[24:],
        lm=open_lm(EMBEDDED_LM, cache_dir=None),
        **options,
    )


def test_a_candidate_says_what_it_is_and_how_good_on_validation() -> None:
    candidate = compiled()

    assert candidate.digest == programs.digest(candidate.program, candidate.spec)
    assert (candidate.optimizer, candidate.spec.name) == ("knn_few_shot", "tiny")
    assert candidate.validation_score is not None
    assert candidate.validation_score > 0.8
    assert "24 rows kept" in candidate.note


def test_threads_do_not_change_the_candidate() -> None:
    assert compiled(threads=4).digest == compiled().digest


def test_compiling_leaves_no_lm_behind() -> None:
    compiled()

    assert dspy.settings.lm is None


def test_the_holdout_is_no_argument() -> None:
    assert [name for name in inspect.signature(compile_program).parameters if "hold" in name] == []


def written(folder: Path, **changes: Any) -> Path:
    content = {
        "name": "tiny",
        "signature": {
            "instructions": "Name the topic.",
            "inputs": {"text": "str"},
            "outputs": {"topic": {"type": "literal", "values": "from_data"}},
        },
        "dataset": "nowhere.csv",
    }
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return path


def test_a_spec_is_checked_without_its_data_and_without_an_lm(tmp_path: Path) -> None:
    checked = check_program(written(tmp_path, lm="openai/gpt-x"))

    assert checked.signature == "text: str -> topic: literal"
    assert (checked.optimizer, checked.metric, checked.lm) == (
        "auto",
        "exact_match",
        "openai/gpt-x",
    )


OWN_PAIR = """
import dspy
class Pair(dspy.Module):
    def __init__(self, signature):
        super().__init__()
        self.first, self.second = dspy.Predict(signature), dspy.Predict(signature)
    def forward(self, text):
        return self.second(text=self.first(text=text).topic)
class Other(dspy.Module):
    def __init__(self):
        super().__init__()
        self.answer = dspy.Predict("question -> label")
    def forward(self, question):
        return self.answer(question=question)
class Renaming(Other):
    def forward(self, text):
        return dspy.Prediction(topic=self.answer(question=text).label)
"""


@pytest.mark.parametrize(
    "change",
    [
        {"metric": {"name": "exact_match", "options": {"fields": ["topc"]}}},
        {"metric": "python:no_such_module:metric"},
        {"module": "python:builtins:repr"},
        {"module": "python:own_pair:Pair", "optimizer": "knn_few_shot"},
        {"module": "python:own_pair:Other"},
    ],
)
def test_a_check_finds_what_only_building_shows(
    change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_pair", raising=False)
    (tmp_path / "own_pair.py").write_text(OWN_PAIR)

    with pytest.raises(SpecError):
        check_program(written(tmp_path, **change), workspace=tmp_path)


def test_an_output_that_the_forward_may_make_itself_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_pair", raising=False)
    (tmp_path / "own_pair.py").write_text(OWN_PAIR)

    found = check_program(written(tmp_path, module="python:own_pair:Renaming"), workspace=tmp_path)

    assert ["gives topic (they give label)" in warning for warning in found.warnings] == [True]
