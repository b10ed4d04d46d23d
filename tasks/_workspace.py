"""The process edge: settings are read once per process, and the workspace is opened from them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from dspyui_core.turn import TurnRequest, request_spec
from dspyui_core.workspace import Workspace

LOG = logging.getLogger("dspyui")


@cache
def workspace() -> Workspace:
    """This process's workspace, from its environment."""
    return Workspace.open()


def progress(message: str) -> None:
    """Say what is going on: to stderr under the command, to Prefect's log in a worker."""
    LOG.info(message)


@contextmanager
def turn_of(request: TurnRequest) -> Iterator[None]:
    """Hold the program's turn lock. Raises SpecError, and BusyError where somebody has it."""
    with workspace().lock(request_spec(request).name):
        yield
