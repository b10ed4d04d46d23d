"""What a run says when it fails: what happened, what to do, and the command that goes on."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import Flow, FlowRun, State

from dspyui_core.errors import FlywheelError
from tasks._keys import artifact_key

LOG = logging.getLogger("dspyui")


def tell_remedy(flow: Flow, flow_run: FlowRun, state: State[Any]) -> None:
    """Log the error with its remedy, and keep both as the artifact `<program>-failure`."""
    error = state.result(raise_on_failure=False)
    request = flow_run.parameters["request"]
    program = request["program"] if isinstance(request, dict) else request.program
    told = failure_markdown(flow.name, str(program), error)
    LOG.error("%s", told)
    create_markdown_artifact(told, key=f"{artifact_key(Path(program).stem)}-failure")


def failure_markdown(flow: str, program: str, error: Any) -> str:
    """What happened with its remedy, and how to go on where the run stopped."""
    known = isinstance(error, FlywheelError)
    return "\n\n".join(
        (
            f"**{flow} failed** for `{program}`",
            str(error) if known else f"{type(error).__name__}: {error}",
            "A retry of this run goes on where it stopped, and so does "
            f"`dspyui run {flow} --program {program}`.",
        )
    )
