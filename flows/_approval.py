"""Waiting for a person in Prefect's UI: the form, the run without a worker, and who starts it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count, product
from typing import Any, Literal
from uuid import UUID

from prefect import suspend_flow_run
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.input import RunInput
from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL
from prefect.states import Cancelled, Completed
from pydantic import Field, ValidationError

from dspyui_core.feedback import LONGEST_COMMENT
from dspyui_core.records import Turn
from dspyui_core.turn import Question, TurnRequest
from tasks._keys import artifact_key
from tasks._questions import ASKS, STATES, settled_message

LOG = logging.getLogger("dspyui")
DEPLOYMENT = f"{ASKS}/{ASKS}"
# Blanks alone say nothing.
_SAYS = r"\S"


class Answer(RunInput):
    """What a person says about a version that waits."""

    decision: Literal["approve", "refuse"] = Field(description="Shall the version serve?")
    comment: str = Field(
        min_length=1, max_length=LONGEST_COMMENT, pattern=_SAYS, description="Why, for the ledger."
    )
    reviewer: str = Field(
        "somebody in Prefect's UI", min_length=1, pattern=_SAYS, description="Who you are."
    )


def wait_for_answer(asked: Question) -> Answer:
    """Suspend this run until somebody answers; it begins anew then, and gets here again.

    Prefect takes any answer and says 200; one that the form does not allow is asked for once more,
    with what is wrong with it.
    """
    told = asked.markdown
    for attempt in count():
        form = Answer.with_initial_data(description=told)
        try:
            return suspend_flow_run(
                wait_for_input=form,
                timeout=max(int(asked.until.timestamp() - time.time()), 1),
                key=f"item-{asked.item}-{attempt}",
            )
        except ValidationError as error:
            wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
            told = f"**The last answer could not be taken: {wrong}.**\n\n{asked.markdown}"
    raise AssertionError


def settled(asked: Question) -> State[Any]:
    """`Completed` under the name of what became of the question."""
    return Completed(name=STATES[asked.state], message=settled_message(asked), data=asked)


def ask_person(request: TurnRequest, turn: Turn) -> None:
    """Start the run that waits for an answer, and end those that wait for an older version.

    Where promote-model is not deployed nobody waits in Prefect: the inbox has the question anyway.
    """
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            LOG.info("version %s waits in the inbox: dspyui review list", turn.model_version)
            return
        for run in _waiting(client, deployment.id, str(request.program)):
            newer = Cancelled(message=f"version {turn.model_version} waits instead")
            client.set_flow_run_state(run.id, newer, force=True)
        asks = client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"request": _asking(request, turn)},
            # A retry of this run asks once; turns of other homes may have the same name.
            idempotency_key=f"asked by {flow_run.id}",
        )
    _show_where(turn, asks.id)


def end_waiting(program: str, refused: Sequence[Question]) -> None:
    """End the runs that wait for an answer which is too late now."""
    if not refused:
        return
    # Where promote-model is not deployed, no run waits.
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        deployment = client.read_deployment_by_name(DEPLOYMENT)
        for asked, run in product(refused, _waiting(client, deployment.id, program)):
            if run.parameters["request"]["version"] == asked.version:
                client.set_flow_run_state(run.id, settled(asked), force=True)


def _show_where(turn: Turn, asks: UUID) -> None:
    """The way from the turn's page to the form, as the artifact `<program>-approval`."""
    # Without v2 the older of its two user interfaces answers.
    link = f"{PREFECT_UI_URL.value()}/v2/runs/flow-run/{asks}"
    create_markdown_artifact(
        f"[Version {turn.model_version} waits for an answer]({link}): choose *Resume* in the menu "
        f"of that run, or `dspyui review list`.",
        key=f"{artifact_key(turn.program)}-approval",
        description=f"Where version {turn.model_version} is answered",
    )


def _asking(request: TurnRequest, turn: Turn) -> dict[str, Any]:
    reason = f"version {turn.model_version} of {turn.turn} waits"
    return {
        "program": str(request.program),
        "version": turn.model_version,
        "reason": reason,
        "ask": True,
    }


def _waiting(client: SyncPrefectClient, deployment: UUID, program: str) -> list[FlowRun]:
    """The suspended runs of this program's questions."""
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED])),
        )
    )
    return [run for run in found if run.parameters.get("request", {}).get("program") == program]
