"""`dspyui model`: versions, who serves, and changing that by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.options import Json, Name

if TYPE_CHECKING:
    from dspyui_core.promotion import LedgerEntry

app = typer.Typer(help="Versions, who serves, and changing that.", no_args_is_help=True)

Reason = Annotated[
    str, typer.Option("--reason", "-r", help="Why, for the ledger.", show_default=False)
]


@app.command("list")
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


@app.command("show")
def show(name: Name, as_json: Json = False) -> None:
    """Show a model's versions with their stages and scores, and its decisions."""
    from dspyui_core.workspace import Workspace

    releases = Workspace.open().releases
    versions = [version.model_dump(mode="json") for version in releases.versions(name)]
    decisions = [_decision(entry) for entry in releases.ledger.history(name)]
    if as_json:
        output.document({"name": name, "versions": versions, "decisions": decisions})
        return
    from deployments.cli.model_view import show_model

    show_model(name, versions, decisions)


@app.command("promote")
def promote(
    name: Name,
    reason: Reason,
    version: Annotated[
        int | None, typer.Argument(help="The version; by default the waiting challenger.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a version the champion, through the decision ledger."""
    from dspyui_core.workspace import Workspace

    _told(Workspace.open().promote(name, version, reason=reason), as_json)


@app.command("rollback")
def rollback(
    name: Name,
    reason: Reason,
    to: Annotated[
        int | None, typer.Option("--to", help="The version; by default the champion before.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Let an earlier champion serve again, through the decision ledger."""
    from dspyui_core.workspace import Workspace

    _told(Workspace.open().rollback(name, to, reason=reason), as_json)


def _told(entry: LedgerEntry, as_json: bool) -> None:
    if as_json:
        output.document(_decision(entry))
    else:
        output.text(f"{entry.program}: version {entry.version} serves (decision {entry.seq})")


def _decision(entry: LedgerEntry) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(entry), "at": entry.at.isoformat()}


def _line(row: dict[str, Any]) -> str:
    champion = row["champion"] or "-"
    return f"{row['name']}  champion {champion}  challenger {row['challenger'] or '-'}"
