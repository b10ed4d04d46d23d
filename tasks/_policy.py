"""The retry policies of the tasks: only what may pass by itself is tried again."""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from dspyui_core.errors import FlywheelError


def may_pass(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether the failure is one of ours that calls itself retryable."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, FlywheelError) and error.retryable


# Steps are recorded by the core, which is what makes repeating one safe; Prefect caches nothing.
ONCE: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
PATIENT: dict[str, Any] = {
    **ONCE,
    "retries": 2,
    "retry_delay_seconds": [2, 10],
    "retry_condition_fn": may_pass,
}
