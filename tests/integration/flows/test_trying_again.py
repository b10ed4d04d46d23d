"""A task that fails is tried again where that may help, and only there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from prefect import flow, task

from dspyui_core.errors import InputError, LMError, StoreError
from tasks._policy import ONCE, PATIENT

MOST = 1 + PATIENT["retries"]


def _away() -> Exception:
    error = StoreError("MLflow at http://mlflow cannot be opened")
    error.__cause__ = ConnectionRefusedError()
    return error


def _prefect_says(code: int) -> Exception:
    request = httpx.Request("POST", "http://prefect/api/artifacts/")
    return httpx.HTTPStatusError("", request=request, response=httpx.Response(code))


def _attempts(error: Exception, *, until: int, policy: dict[str, Any]) -> int:
    """How often a task is tried that fails so before the attempt `until`."""
    attempts = 0

    @task(name="step", **{**policy, "retry_delay_seconds": 0})
    def step() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < until:
            raise error

    @flow
    def story() -> None:
        step(return_state=True)

    story(return_state=True)
    return attempts


@pytest.mark.parametrize(
    "error", [_away(), LMError("overloaded"), httpx.ConnectError("refused"), _prefect_says(503)]
)
def test_a_step_passes_when_what_was_away_is_back(error: Exception):
    assert _attempts(error, until=3, policy=PATIENT) == 3


def test_what_stays_away_is_given_up():
    assert _attempts(_away(), until=100, policy=PATIENT) == MOST


@pytest.mark.parametrize(
    "error", [InputError("wrong"), StoreError("the disk is full"), _prefect_says(404)]
)
def test_what_nobody_has_mended_is_not_tried_again(error: Exception):
    assert _attempts(error, until=3, policy=PATIENT) == 1


def test_what_is_not_to_be_repeated_is_not():
    assert _attempts(_away(), until=3, policy=ONCE) == 1
