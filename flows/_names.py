"""How runs are named: by program, turn and reason."""

from __future__ import annotations

import logging

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run

from tasks._keys import artifact_key

LOG = logging.getLogger("dspyui")

__all__ = ["name_run", "run_name"]


def run_name() -> str:
    """`<flow> <program>: <reason>`, from the run's own request; most requests have no reason."""
    request = flow_run.parameters["request"]
    named = f"{flow_run.flow_name} {artifact_key(request.program.stem)}"
    reason = getattr(request, "reason", "")
    return f"{named}: {reason}" if reason else named


def name_run(turn_id: str, reason: str) -> None:
    """Name this run by the turn that it takes, now that it is known."""
    name = f"{flow_run.flow_name} {turn_id}: {reason}"
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(flow_run.id, name=name)
    except (PrefectException, httpx.HTTPError) as error:
        # A name stops no turn.
        LOG.debug("no name: %s", error)
