"""Finishing: the pages go into the run; one that cannot be made does not keep a turn open."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy import Engine

from dspyui_core.mlflow_tracking import CURVE_PAGE, DECISION_PAGE
from dspyui_core.pages import decision_page
from dspyui_core.turn import conclude, decision_report, finish, page_link, reporting, run_link
from integration.turn.desk import Client, Desk, candidate, decision, evaluated, snapshot


@dataclass
class Runs(Client):
    """The registry, and the one run of the turn with its texts; it may be away."""

    texts: dict[str, str] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    away: str = ""

    def search_runs(self, experiments: list[str], **options: Any) -> list[Any]:
        return [self.get_run("run")]

    def get_run(self, run_id: str) -> Any:
        info = SimpleNamespace(run_id=run_id, experiment_id="1")
        return SimpleNamespace(info=info, data=SimpleNamespace(params={}))

    def log_batch(self, run_id: str, **what: Any) -> None:
        pass

    def log_text(self, run_id: str, text: str, path: str) -> None:
        if path == self.away:
            raise MlflowException("connection refused")
        self.texts[path] = text

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[Any]:
        return [SimpleNamespace(path=path) for path in self.texts]

    def set_terminated(self, run_id: str, status: str) -> None:
        self.ended.append(status)


@pytest.fixture
def ws(engine: Engine, tmp_path: Path) -> Any:
    return Desk(engine, tmp_path, Runs())


@pytest.fixture
def turn_id(ws: Any) -> str:
    """A turn that was refused, and only has to be closed."""
    opened: str = ws.opened()
    ws.finished(opened, "snapshot", snapshot())
    ws.finished(opened, "compile", candidate())
    ws.finished(opened, "evaluate", evaluated())
    ws.finished(opened, "decide", decision("refuse"))
    conclude(ws, opened)
    return opened


def broken(*_: object) -> str:
    raise ZeroDivisionError("no scale")


def test_a_turn_that_ends_leaves_both_pages_in_its_run(ws: Any, turn_id: str) -> None:
    report = finish(ws, turn_id)

    assert (report.outcome, report.message) == ("refused", "")
    assert set(ws.client.texts) == {DECISION_PAGE, CURVE_PAGE}
    assert page_link(ws, turn_id) == f"{run_link(ws, turn_id)}/artifacts/{DECISION_PAGE}"


def test_a_page_that_cannot_be_made_is_missing_and_the_turn_closes_and_says_so(
    ws: Any, turn_id: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reporting, "decision_page", broken)

    report = finish(ws, turn_id)

    assert (report.outcome, ws.turns.get(turn_id).state) == ("refused", "closed")
    assert set(ws.client.texts) == {CURVE_PAGE}
    assert ws.client.ended == ["FINISHED"]
    assert report.message == (
        "decision.html is not in the MLflow run: ZeroDivisionError: no scale; later: "
        f"dspyui program report p --turn {turn_id} --out decision.html"
    )
    assert ws.turns.get(turn_id).report["message"] == report.message
    assert [(r.levelno, r.getMessage()) for r in caplog.records if r.name == "dspyui"] == [
        (logging.WARNING, report.message)
    ]
    assert page_link(ws, turn_id) == run_link(ws, turn_id)


def test_the_missing_page_can_be_made_later(
    ws: Any, turn_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(reporting, "decision_page", broken)
        finish(ws, turn_id)

    assert "Refused" in decision_page(decision_report(ws, turn_id))


def test_evidence_that_cannot_be_read_back_keeps_no_turn_open_either(
    ws: Any, turn_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "read_evaluation_table", broken)
    monkeypatch.setattr(reporting, "curve_page", broken)

    report = finish(ws, turn_id)

    assert report.outcome == "refused"
    assert [line.partition(" ")[0] for line in report.message.split("\n")] == [
        DECISION_PAGE,
        CURVE_PAGE,
    ]


@pytest.mark.parametrize("page", [DECISION_PAGE, CURVE_PAGE])
def test_while_mlflow_is_away_the_turn_stays_open_and_the_same_command_goes_on(
    page: str, ws: Any, turn_id: str
) -> None:
    ws.client.away = page
    with pytest.raises(MlflowException, match="connection refused"):
        finish(ws, turn_id)
    assert ws.turns.get(turn_id).state == "open"

    ws.client.away = ""
    report = finish(ws, turn_id)

    assert (report.outcome, report.message) == ("refused", "")
    assert set(ws.client.texts) == {DECISION_PAGE, CURVE_PAGE}
