"""promote-model: make a version the champion on a person's word, through the ledger."""

from __future__ import annotations

from prefect import flow

from dspyui_core.turn import Promoted, PromoteRequest
from flows._command import run_as_command
from flows._names import run_name
from tasks.promoting import promote


@flow(name="promote-model", flow_run_name=run_name)
def promote_model(request: PromoteRequest) -> Promoted:
    """Promote the waiting challenger, or the version named."""
    return promote(request)


if __name__ == "__main__":
    run_as_command("promote-model")
