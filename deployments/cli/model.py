"""`dspyui model`: versions, who serves and why; changing that is in model_changes."""

from __future__ import annotations

from typing import Any

import typer

from deployments.cli import model_changes, model_holds, output
from deployments.cli.help import page
from deployments.cli.model_changes import as_document
from deployments.cli.options import Json, Name

app = typer.Typer(help="Versions, who serves, and changing that.", no_args_is_help=True)

LIST = page("dspyui model list", ("dspyui model list --json", "for a program to read"))
SHOW = page("dspyui model show support", "dspyui model show support --json")
HISTORY = page(
    ("dspyui model history support", "who decided what, when, and why"),
    "dspyui model history support --json",
)


@app.command("list", epilog=LIST)
def list_models(as_json: Json = False) -> None:
    """List every model with its champion and challenger."""
    from dspyui_core.mlflow_loader import list_registered_models
    from dspyui_core.workspace import Workspace

    found = list_registered_models(Workspace.open().client)
    rows = [{"name": m.name, "champion": m.champion, "challenger": m.challenger} for m in found]
    if as_json:
        output.document(rows)
        return
    output.text("\n".join(_line(row) for row in rows) or "no models yet: dspyui run data-flywheel")


@app.command("show", epilog=SHOW)
def show(name: Name, as_json: Json = False) -> None:
    """Show a model's versions with their stages and scores, and its decisions."""
    from dspyui_core.workspace import Workspace

    releases = Workspace.open().releases
    versions = [version.model_dump(mode="json") for version in releases.versions(name)]
    decisions = [as_document(entry) for entry in releases.ledger.history(name)]
    held = releases.standing(name)
    if as_json:
        paused, pinned = held.paused is not None, held.pinned and held.pinned.version
        told = {"name": name, "versions": versions, "paused": paused, "pinned": pinned}
        output.document({**told, "decisions": decisions})
        return
    from deployments.cli.model_view import show_model

    show_model(name, versions, decisions, held.reasons)


@app.command("history", epilog=HISTORY)
def history(name: Name, as_json: Json = False) -> None:
    """Show every decision about a model with its reasons, the newest first.

    Of a turn (promote, refuse, inconclusive, ask), of a person (promotion, rollback, pause, resume,
    pin, unpin, acknowledgement), of the watch (rollback, watch), and aliases that were moved by
    hand in MLflow (external).
    """
    from deployments.cli.model_view import show_decisions, show_holds
    from dspyui_core.workspace import Workspace

    releases = Workspace.open().releases
    releases.reconcile(name)
    decisions = [as_document(entry) for entry in releases.ledger.history(name)]
    if not decisions:
        # A name that nobody knows is an error; a model without decisions is not.
        releases.versions(name)
    if as_json:
        output.document(decisions)
    elif decisions:
        show_holds(releases.standing(name).reasons)
        show_decisions(decisions)
    else:
        output.text(f"{name}: no decisions yet")


app.command("register", epilog=model_changes.REGISTER)(model_changes.register)
app.command("promote", epilog=model_changes.PROMOTE)(model_changes.promote)
app.command("rollback", epilog=model_changes.ROLLBACK)(model_changes.rollback)
app.command("pin", epilog=model_holds.PIN)(model_holds.pin)
app.command("unpin", epilog=model_holds.UNPIN)(model_holds.unpin)
app.command("acknowledge", epilog=model_changes.ACKNOWLEDGE)(model_changes.acknowledge)


def _line(row: dict[str, Any]) -> str:
    champion = row["champion"] or "-"
    return f"{row['name']}  champion {champion}  challenger {row['challenger'] or '-'}"
