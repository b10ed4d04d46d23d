"""`dspyui status`: what every program of this home is doing."""

from __future__ import annotations

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Json

EPILOG = page("dspyui status", ("dspyui status --json", "for a program to read"))


def status(as_json: Json = False) -> None:
    """Show what every program is doing.

    Its champion, its newest turn, what its users sent, and what MLflow has not yet.
    """
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
