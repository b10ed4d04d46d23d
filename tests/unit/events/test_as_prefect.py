"""Events in Prefect's words, and the server that they go to, as far as it is known unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployments.events import as_event
from deployments.prefect_api import api_url
from dspyui_core.events import Happened

FINISHED = Happened(
    event="dspyui.turn.finished",
    program="support",
    payload={"turn": "support-0001", "outcome": "refused"},
)


def recorded(home: Path, content: str) -> Path:
    """A home whose file on its Prefect server holds this."""
    (home / "prefect").mkdir()
    (home / "prefect" / "server.json").write_text(content, encoding="utf-8")
    return home


def test_an_event_is_about_its_program_and_a_turns_outcome_is_a_label() -> None:
    told = as_event(FINISHED)

    assert told["event"] == "dspyui.turn.finished"
    assert told["resource"] == {
        "prefect.resource.id": "dspyui.program.support",
        "prefect.resource.name": "support",
        "dspyui.outcome": "refused",
    }
    assert json.loads(json.dumps(told))["payload"] == FINISHED.payload


def test_the_same_happening_has_the_same_id_and_another_one_has_not() -> None:
    other = FINISHED.model_copy(update={"program": "billing"})

    assert as_event(FINISHED)["id"] == as_event(FINISHED.model_copy())["id"]
    assert as_event(FINISHED)["id"] != as_event(other)["id"]


def test_the_server_that_is_named_comes_before_the_homes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = recorded(tmp_path, '{"url": "http://127.0.0.1:4200/api"}')

    assert api_url(home) == "http://127.0.0.1:4200/api"
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect:4200/api/")
    assert api_url(home) == "http://prefect:4200/api"
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert api_url(home) == "http://127.0.0.1:4200/api"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"url": 3}', '{"url": '])
def test_a_home_with_a_broken_file_has_no_server(tmp_path: Path, content: str) -> None:
    assert api_url(recorded(tmp_path, content)) is None


def test_a_home_without_a_server_has_none(tmp_path: Path) -> None:
    assert api_url(tmp_path) is None
