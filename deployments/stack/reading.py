"""Owns what `dspyui status` says of a home: its programs, what it takes, and its stack."""

from __future__ import annotations

from deployments.stack.state import Stack, look
from dspyui_core.turn import HomeStatus, home_status
from dspyui_core.workspace import Workspace


class FullStatus(HomeStatus):
    """The state of a home, and of its local stack."""

    stack: Stack | None


def full_status(ws: Workspace) -> FullStatus:
    """The programs of a home, what it takes, and its stack as it is."""
    found = home_status(ws)
    return FullStatus(programs=found.programs, use=found.use, stack=look(ws.home))
