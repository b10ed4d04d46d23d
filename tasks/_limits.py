"""The global limit of a program's turns: those that were deployed for it come one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.concurrency.sync import concurrency
from prefect.runtime import flow_run

from tasks._keys import limit_name

# After kill -9 a slot is free again when its lease ends; a run that lives renews it.
LEASE_SECONDS = 60.0


def deployed_for(program: str) -> bool:
    """Whether this run is of one of the program's own deployments."""
    return limit_name(program) in flow_run.tags


@contextmanager
def in_turn(program: str) -> Iterator[None]:
    """Wait for the program's slot and hold it, where this run was deployed to.

    A limit that is gone is an error then, and no licence. What protects a program is the core's
    lock: a run that cannot renew its lease, the server being away, goes on.
    """
    if not deployed_for(program):
        yield
        return
    name = limit_name(program)
    with concurrency(
        name, strict=True, lease_duration=LEASE_SECONDS, raise_on_lease_renewal_failure=False
    ):
        yield
