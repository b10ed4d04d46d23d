"""A model's versions and decisions as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from deployments.cli import output


def show_model(
    name: str,
    versions: list[dict[str, Any]],
    decisions: list[dict[str, Any]],
    holds: Sequence[str],
) -> None:
    """Print the versions, what stops automatic promotion, and the decisions, the newest first."""
    console = output.console()
    table = Table(
        "version", "stage", "score", "optimizer", "made", title=name, title_justify="left"
    )
    for version in reversed(versions):
        tags = version["tags"]
        table.add_row(
            str(version["version"]),
            version["stage"],
            tags.get("evaluation_score", ""),
            tags.get("optimizer", ""),
            str(version["created_at"])[:19],
        )
    console.print(table)
    show_holds(holds)
    show_decisions(decisions)


def show_holds(holds: Sequence[str]) -> None:
    """Print why turns ask instead of promoting, where they do."""
    console = output.console()
    for reason in holds:
        console.print(reason, markup=False)


def show_decisions(decisions: list[dict[str, Any]]) -> None:
    """Print decisions in the order given, each with its reasons."""
    console = output.console()
    for entry in decisions:
        subject = "" if entry["version"] is None else f" version {entry['version']}"
        console.print(
            f"decision {entry['seq']}  {entry['at'][:19]}  {entry['kind']}: "
            f"{entry['verdict']}{subject}  by {entry['actor']}",
            markup=False,
        )
        for reason in entry["reasons"]:
            console.print(f"    • {reason}", markup=False)
