"""rollback-model: let an earlier champion serve again on a person's word, through the ledger."""

from __future__ import annotations

from prefect import flow

from dspyui_core.turn import Promoted, RollbackRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks.promoting import roll_back


@flow(name="rollback-model", **TOLD)
def rollback_model(request: RollbackRequest) -> Promoted:
    """Go back to the champion before this one, or to the version named."""
    return roll_back(request)


if __name__ == "__main__":
    run_as_command("rollback-model")
