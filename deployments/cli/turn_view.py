"""A turn as a person reads it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from rich.table import Table

from deployments.cli import output
from dspyui_core.errors import FlywheelError
from dspyui_core.records import Turn
from dspyui_core.spec import read_spec
from dspyui_core.turn import failed_report
from dspyui_core.workspace import Workspace

COLOURS = {"promoted": "green", "nothing-new": "cyan", "awaiting-approval": "yellow"}


def failed_turn(program: Path, error: FlywheelError) -> Turn:
    """The report of a turn that an error stopped, as far as it came."""
    name = read_spec(program).name
    with suppress(FlywheelError):
        return failed_report(Workspace.open(), name, str(error))
    return Turn(program=name, turn=None, outcome="failed", message=str(error))


def show_turn(turn: Turn) -> None:
    """Print the outcome, the dataset, the scores and every reason."""
    console = output.console()
    colour = COLOURS.get(turn.outcome, "red")
    name = f"{turn.program} · turn {turn.turn}" if turn.turn else turn.program
    console.print(f"[bold]{name}[/]  [bold {colour}]{turn.outcome}[/]")
    if turn.message:
        console.print(turn.message, markup=False)
    if turn.dataset is not None:
        console.print(_table(turn))
    for reason in turn.decision.reasons if turn.decision else ():
        console.print(f"  • {reason}", markup=False)
    if turn.model_version is not None:
        console.print(f"  version {turn.model_version}: dspyui model show {turn.program}")
    usd = "price unknown" if turn.lm.usd is None else f"{turn.lm.usd:.4f} USD"
    console.print(f"  {turn.lm.calls} LM calls, {usd}, {turn.seconds:.1f} s", style="dim")


def _table(turn: Turn) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 2))
    data = turn.dataset
    assert data is not None
    table.add_row(
        "dataset",
        f"{data.version[:12]}  {data.rows} rows: {data.train} train, {data.validation} "
        f"validation, {data.holdout} holdout; {data.quarantined} quarantined, {data.parked} parked",
    )
    for role, score in turn.scores.model_dump().items():
        if score is not None:
            table.add_row(role, f"{score:.3f} on the holdout")
    return table
