"""A flow of seven tasks that do nothing: what Prefect itself takes for a turn's steps."""

from __future__ import annotations

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

STEPS = 7


@task(cache_policy=NO_CACHE, persist_result=False)
def step(number: int) -> int:
    """Do nothing."""
    return number


@flow(name="noop")
def noop() -> None:
    """Call it seven times, one after the other."""
    for number in range(STEPS):
        step(number)
