"""A server of one's own: three lines, and its answers and their corrections join the loop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dspy
import pytest

from dspyui_core.errors import FeedbackError
from dspyui_core.runner import asked_by, trace_id_of
from dspyui_core.settings import Settings
from dspyui_core.workspace import Workspace
from support import tiny
from support.turns import take_turn


def _always_amber(**inputs: Any) -> dspy.Prediction:
    return dspy.Prediction(desk="amber")


@pytest.fixture
def workspace(tmp_path: Path, mlflow_template: Path) -> Iterator[Workspace]:
    home = tmp_path / "home"
    (home / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, home / "mlflow" / "mlflow.db")
    tiny.write_program(tmp_path)
    opened = Workspace.open(settings=Settings(home=home, workspace=tmp_path))
    yield opened
    opened.close()


def test_corrections_of_an_own_server_are_rows_of_the_next_turn(
    workspace: Workspace, tmp_path: Path
) -> None:
    program = workspace.journaled(_always_amber, "desk")

    for text, desk in tiny.unseen()[:24]:
        with asked_by("ana"):
            answer = program(text=text)
        right = {} if answer.desk == desk else {"desk": desk}
        rating = "thumbs_down" if right else "thumbs_up"
        workspace.feedback.record_feedback(trace_id_of(answer) or "", rating, right or None)
    turn = take_turn(workspace, tmp_path / "desk.yaml")

    assert turn.outcome == "promoted"
    assert turn.dataset is not None
    assert turn.dataset.rows + turn.dataset.parked >= 160 + 24
    assert workspace.recorder.stats.recorded == 24


def test_a_correction_is_checked_before_any_turn_was_taken(workspace: Workspace) -> None:
    answer = workspace.journaled(_always_amber, "desk")(text="Which shelf?")

    with pytest.raises(FeedbackError, match="not acceptable") as raised:
        workspace.feedback.record_feedback(
            trace_id_of(answer) or "", "thumbs_down", {"shelf": "birch"}
        )

    assert [problem.column for problem in raised.value.problems] == ["shelf"]


def test_one_answer_may_be_recorded_without_dspy(workspace: Workspace) -> None:
    trace = workspace.record_prediction("desk", {"text": "hello"}, {"desk": "coral"}, user_id="ben")

    assert workspace.journal.prediction(trace or "").payload["outputs"] == {"desk": "coral"}
