"""A stack as a supervisor writes it down."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from deployments.stack.processes import identified
from deployments.stack.state import ServiceState, Stack


@pytest.fixture
def stack() -> Stack:
    """A stack of two services that this process runs."""
    return a_stack()


def a_stack(**changes: Any) -> Stack:
    """The same, with changes."""
    services = (
        ServiceState(
            name="Prefect",
            what="runs, schedules, approvals",
            status="up",
            address="http://127.0.0.1:4200",
            pid=4711,
        ),
        ServiceState(name="worker", what="takes the flow runs", status="starting"),
    )
    facts: dict[str, Any] = {
        "mark": f"state{os.getpid()}",
        "process": identified(os.getpid()),
        "since": datetime(2031, 5, 1, 12, 0, tzinfo=UTC),
        "status": "starting",
        "services": services,
    }
    return Stack(**facts | changes)
