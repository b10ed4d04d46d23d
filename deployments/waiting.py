"""The Prefect runs that wait for a person, kept in step with what is said in the inbox."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from deployments.prefect_api import api_url, post
from dspyui_core.errors import FlywheelError
from dspyui_core.review import ReviewItem
from dspyui_core.turn import PromoteRequest, Question, question
from dspyui_core.workspace import Workspace
from tasks._questions import ASKS, STATES, settled_message

LOG = logging.getLogger("dspyui")


def end_answered(ws: Workspace) -> tuple[Question, ...]:
    """End the suspended runs whose question is decided, under the decision's name; which they were.

    A decision stands without it: where Prefect is away, a run sees it when somebody resumes it.
    """
    url = api_url(ws.home)
    if url is None:
        return ()
    try:
        return tuple(asked for run in _suspended(url) if (asked := _ended(ws, url, run)))
    except (OSError, ValueError) as error:
        LOG.info("Prefect was not told what was decided: %s", error)
        return ()


def wait_again(ws: Workspace, reopened: ReviewItem) -> bool:
    """Start a run that waits for the answer to a question asked anew, as the one before did.

    Whether there is one now: where no run asked before, or Prefect is away, only the inbox asks.
    """
    url = api_url(ws.home)
    if url is None:
        return False
    try:
        before = next((run for run in _asking(url) if _asks_about(ws, run, reopened)), None)
        if before is None:
            return False
        again = {
            "parameters": before["parameters"],
            "idempotency_key": f"item {reopened.seq} after {before['id']}",
        }
        post(f"{url}/deployments/{before['deployment_id']}/create_flow_run", again)
    except (OSError, ValueError) as error:
        LOG.info("Prefect was not told that version %s waits: %s", reopened.content, error)
        return False
    return True


def _suspended(url: str) -> list[dict[str, Any]]:
    return _asking(url, state={"type": {"any_": ["PAUSED"]}})


def _asking(url: str, **wanted: Any) -> list[dict[str, Any]]:
    """The runs that asked a person, the newest first."""
    question = {
        "flows": {"name": {"any_": [ASKS]}},
        "flow_runs": wanted,
        "sort": "EXPECTED_START_TIME_DESC",
    }
    found: list[dict[str, Any]] = post(f"{url}/flow_runs/filter", question)
    return [run for run in found if run["parameters"].get("request", {}).get("ask")]


def _asks_about(ws: Workspace, run: Mapping[str, Any], item: ReviewItem) -> bool:
    asked = _question(ws, run)
    return asked is not None and asked.item == item.seq and run["deployment_id"] is not None


def _ended(ws: Workspace, url: str, run: Mapping[str, Any]) -> Question | None:
    """The run's question, and the run ended, where it is decided."""
    asked = _question(ws, run)
    if asked is None or asked.state == "open":
        return None
    state = {
        "type": "COMPLETED",
        "name": STATES[asked.state],
        "message": settled_message(asked),
    }
    # Without force Prefect would ask for the input first.
    post(f"{url}/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    return asked


def _question(ws: Workspace, run: Mapping[str, Any]) -> Question | None:
    """What a run asks about, None where nobody here knows it: another home may have asked."""
    try:
        request = PromoteRequest.model_validate(run["parameters"]["request"])
        placed = request.model_copy(update={"program": ws.folder / request.program})
        return question(ws, placed)
    except (FlywheelError, ValidationError, KeyError):
        return None
