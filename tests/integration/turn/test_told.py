"""What happens to a program is told once it is on disk: feedback, who serves, and ended turns."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.errors import FeedbackError
from dspyui_core.settings import Settings
from dspyui_core.workspace import Workspace
from support import tiny
from support.turns import take_turn


@dataclass
class Ear:
    """A launcher that keeps what it is told, and how much feedback was on disk by then."""

    heard: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    def emit(self, event: str, program: str, payload: Mapping[str, Any]) -> None:
        self.heard.append((event, program, payload))

    def flush(self, timeout: float) -> bool:
        return True

    def payloads(self, event: str) -> list[Mapping[str, Any]]:
        return [payload for name, _, payload in self.heard if name == event]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def ws(tmp_path: Path, mlflow_template: Path, ear: Ear) -> Iterator[Workspace]:
    (tmp_path / "home" / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, tmp_path / "home" / "mlflow" / "mlflow.db")
    settings = Settings(home=tmp_path / "home", workspace=tmp_path, user="maria")
    made = Workspace.open(settings=settings, launcher=ear)
    yield made
    made.close()


def test_feedback_is_told_by_its_place_in_the_journal_and_nothing_of_its_user(
    ws: Workspace, ear: Ear
) -> None:
    trace = ws.record_prediction("desk", {"text": "hi"}, {"desk": "amber"}, user_id="ana")
    assert trace is not None

    entry = ws.feedback.record_feedback(trace, "thumbs_up", user_id="ana")
    ws.feedback.retract_feedback(trace, "ana")

    told = ear.payloads("dspyui.feedback.recorded")
    assert [name for name, _, _ in ear.heard] == ["dspyui.feedback.recorded"] * 2
    assert told[0] == {"position": entry.position, "at": entry.at.isoformat()}
    assert told[1]["position"] == entry.position + 1


def test_an_answer_and_feedback_that_is_refused_are_not_told(ws: Workspace, ear: Ear) -> None:
    trace = ws.record_prediction("desk", {"text": "hi"}, {"desk": "amber"})
    assert trace is not None

    with pytest.raises(FeedbackError):
        ws.feedback.record_feedback(trace, "thumbs_sideways")

    assert ear.heard == []


def test_repeated_feedback_is_told_as_the_same_happening(ws: Workspace, ear: Ear) -> None:
    trace = ws.record_prediction("desk", {"text": "hi"}, {"desk": "amber"})
    assert trace is not None

    for _ in range(2):
        ws.feedback.record_feedback(trace, "thumbs_up", idempotency_key="one")

    first, second = ear.payloads("dspyui.feedback.recorded")
    assert first == second


def test_a_turn_and_those_who_serve_by_it_are_told_and_so_is_a_rollback(
    ws: Workspace, ear: Ear, tmp_path: Path
) -> None:
    program = tiny.write_program(tmp_path)

    turn = take_turn(ws, program)

    assert [name for name, _, _ in ear.heard] == [
        "dspyui.model.promoted",
        "dspyui.turn.finished",
    ]
    (promoted,) = ear.payloads("dspyui.model.promoted")
    assert (promoted["version"], promoted["actor"]) == (turn.model_version, "turn")
    (finished,) = ear.payloads("dspyui.turn.finished")
    assert (finished["turn"], finished["outcome"]) == (turn.turn, "promoted")
    assert finished["reasons"]
    ear.heard.clear()
    spare = ws.client.create_model_version("desk", _source(ws), None).version

    ws.promote("desk", int(spare), reason="by hand")
    ws.rollback("desk", None, reason="it was worse")

    assert [name for name, _, _ in ear.heard] == [
        "dspyui.model.promoted",
        "dspyui.model.rolled-back",
    ]
    (rolled_back,) = ear.payloads("dspyui.model.rolled-back")
    assert (rolled_back["version"], rolled_back["actor"]) == (turn.model_version, "maria")


def test_looking_and_finding_nothing_new_ends_no_turn(
    ws: Workspace, ear: Ear, tmp_path: Path
) -> None:
    program = tiny.write_program(tmp_path)
    take_turn(ws, program)
    ear.heard.clear()

    assert take_turn(ws, program).outcome == "nothing-new"

    assert ear.heard == []


def _source(ws: Workspace) -> str:
    """Where the first version's files are."""
    return str(ws.client.get_model_version("desk", "1").source)
