"""`dspyui status`: what every program of this home is doing."""

from __future__ import annotations

from deployments.cli import output
from deployments.cli.options import Json


def status(as_json: Json = False) -> None:
    """Show each program's champion, its newest turn, and what its users sent."""
    from dspyui_core.turn import program_status
    from dspyui_core.workspace import Workspace

    found = [state.model_dump(mode="json") for state in program_status(Workspace.open())]
    if as_json:
        output.document(found)
        return
    if not found:
        output.text("no programs yet: dspyui run data-flywheel --program FILE")
    for state in found:
        turn = f"turn {state['turn']} {state['outcome']}" if state["turn"] else "no turn yet"
        output.text(
            f"{state['program']}: champion {state['champion'] or '-'}, {turn}, "
            f"{state['predictions']} predictions, {state['feedback']} feedback, "
            f"{state['unmirrored']} not in MLflow yet"
        )
