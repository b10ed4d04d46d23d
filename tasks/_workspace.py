"""The process edge: settings are read once per process, and the workspace is opened from them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from prefect.runtime import flow_run

from dspyui_core.errors import BusyError
from dspyui_core.turn import TurnRequest, request_spec
from dspyui_core.workspace import Workspace
from tasks._events import PrefectEvents
from tasks._limits import deployed_for, in_turn

LOOK_SECONDS = 1.0


@cache
def workspace() -> Workspace:
    """This process's workspace, from its environment."""
    return Workspace.open(launcher=PrefectEvents())


@contextmanager
def turn_of(request: TurnRequest) -> Iterator[None]:
    """Hold the program's turn lock. Raises SpecError, and BusyError where somebody has it.

    A run that is deployed for the program waits for that, and so does one that is started again:
    what it was before may still live, and be heard by nobody.
    """
    program = request_spec(request).name
    patient = deployed_for(program) or flow_run.run_count > 1
    with in_turn(program), _locked(program, patient=patient):
        yield


@contextmanager
def _locked(program: str, *, patient: bool) -> Iterator[None]:
    with ExitStack() as held:
        while not _taken(program, held, patient=patient):
            time.sleep(LOOK_SECONDS)
        yield


def _taken(program: str, held: ExitStack, *, patient: bool) -> bool:
    try:
        held.enter_context(workspace().lock(program))
    except BusyError:
        if not patient:
            raise
        return False
    return True
