"""`dspyui program replay`: recent inputs of production, answered by a candidate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.lineage import values_text
from deployments.cli.options import Json, Name

if TYPE_CHECKING:
    from dspyui_core.records import ReplayChange
    from dspyui_core.turn import ReplayReport

EPILOG = page(
    ("dspyui program replay support", "the waiting challenger on the last 200 inputs"),
    ("dspyui program replay support --version 3 --last 50", "a version"),
    ("dspyui program replay support --candidate support-0007 --json", "what a turn compiled"),
)


def replay(
    name: Name,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="The version that answers; by default the waiting challenger."),
    ] = None,
    candidate: Annotated[
        str | None,
        typer.Option(help="Instead of a version: a turn or an MLflow run whose candidate answers."),
    ] = None,
    last: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many distinct inputs, the newest.")
    ] = 200,
    as_json: Json = False,
) -> None:
    """Answer recent inputs of production once more, and compare with the champion's answers.

    Inputs of the holdout are left out, and nothing is recorded. An answer that changes to what
    users say is right is a win, away from it a loss; a candidate may have learned from their very
    corrections. Each input costs LM calls.
    """
    from deployments.cli.progress import progress
    from dspyui_core.turn import replay as replay_inputs
    from dspyui_core.workspace import Workspace

    if version is not None and candidate is not None:
        raise typer.BadParameter("name a version or a candidate, not both")
    chosen = {"version": version, "candidate": candidate, "last": last}
    with progress(f"replaying {name}") as tell:
        found = replay_inputs(Workspace.open(), name, **chosen, on_progress=tell)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text("\n".join(_lines(found)))


def _lines(found: ReplayReport) -> Iterator[str]:
    from dspyui_core.turn import SHOWN

    who = f"the candidate of run {found.run}" if found.run else f"version {found.version}"
    if found.agreement is None:
        yield f"{found.program}: there is no recent input to replay"
        return
    yield (
        f"{found.program}: {who} answers {found.agreement:.1%} of {found.rows} recent inputs like "
        f"the champion, version {found.champion}"
    )
    yield f"  {found.changed} changed, {found.failed} failed, {found.unfit} do not fit"
    yield f"  {found.rated} have feedback: {found.wins} wins, {found.losses} losses"
    yield from (line for change in found.changes[:SHOWN] for line in _change(change))
    if found.changed > SHOWN:
        yield f"  and {found.changed - SHOWN} more: --json has them all"


def _change(change: ReplayChange) -> Iterator[str]:
    mark = f"{change.verdict}: " if change.verdict else ""
    answered = change.error or values_text(change.candidate)
    yield f"  - {mark}{values_text(change.inputs)}"
    yield f"      {values_text(change.champion)} -> {answered}  {change.trace_id}"
