"""Telling how far a task is: at a terminal, in Prefect's log, and as an artifact."""

from __future__ import annotations

import logging
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import PrefectException

from dspyui_core.turn import Counted
from tasks._keys import artifact_key

LOG = logging.getLogger("dspyui")


class Progress:
    """One task's progress; each thing that is counted gets a bar in Prefect's UI."""

    def __init__(self) -> None:
        self._bars: dict[str, UUID] = {}

    def __call__(self, message: str) -> None:
        """Say what is going on: to stderr under the command, to Prefect's log in a worker."""
        LOG.info(message)
        if isinstance(message, Counted) and TaskRunContext.get() is not None:
            self._show(message)

    def _show(self, message: Counted) -> None:
        percent, bar = 100 * message.share, self._bars.get(message.what)
        try:
            if bar is None:
                key = artifact_key(" ".join((*_program(), message.what)))
                made = create_progress_artifact(percent, key=key, description=message)
                assert isinstance(made, UUID)
                self._bars[message.what] = made
            else:
                update_progress_artifact(bar, percent, description=message)
        except (PrefectException, httpx.HTTPError) as error:
            # A bar that cannot be drawn stops no step.
            LOG.debug("no progress artifact: %s", error)


def _program() -> list[str]:
    """The program of the run's request, which artifacts are named by; outside of a run, none."""
    run = FlowRunContext.get()
    request = None if run is None else (run.parameters or {}).get("request")
    program = getattr(request, "program", None)
    return [] if program is None else [program.stem]
