"""The retry policies of the tasks: only what may pass by itself is tried again."""

from __future__ import annotations

from typing import Any

import httpx
from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from dspyui_core import turn


def may_pass(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether the failure is one that may pass: ours, or Prefect's server being away."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.TransportError) or turn.may_pass(error)


# Steps are recorded by the core, which is what makes repeating one safe; Prefect caches nothing.
ONCE: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
# A server that was restarted is back by then; MLflow's client and Prefect's try for minutes before.
PATIENT: dict[str, Any] = {
    **ONCE,
    "retries": 3,
    "retry_delay_seconds": [2, 10, 30],
    "retry_condition_fn": may_pass,
}
