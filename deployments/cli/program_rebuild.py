"""`dspyui program rebuild`: a version again, without some of the rows that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import spec_files
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json, program_named

if TYPE_CHECKING:
    from dspyui_core.turn import RebuildPlan, Rebuilt

ROW = "5f2c77c1e0b94e1f9a6d1e4bb2c5a9d0"
EPILOG = page(
    (f"dspyui program rebuild --without {ROW} --dry-run", "the champion, without this row"),
    (f"dspyui program rebuild --without {ROW} --version 2", "a version that lineage names"),
    ("dspyui program rebuild --program support", "without the rows that are forgotten"),
    f"dspyui program rebuild --without {ROW} --promote --reason 'ana asked for it'",
)


def rebuild(
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="A row's id; may be given several times."),
    ] = None,
    program: Annotated[
        str | None,
        typer.Option(
            "--program",
            "-p",
            help="The program's spec or name; by default the one that has the row.",
            autocompletion=spec_files,
        ),
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="A version; by default the champion.")
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Let the version that comes out serve.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Why it shall serve, for the ledger.")
    ] = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a version again without some of its rows, and say which answers change.

    Its own spec is compiled on its own dataset, with the same optimizer, options and seed; rows
    that are forgotten are gone from it already. Both versions answer the same holdout, which
    decides nothing and is no look. What comes out is registered, and the same rows give the same
    version; it serves nobody unless --promote says so.
    """
    from deployments.cli.dry_run import looking, told
    from deployments.cli.progress import progress
    from dspyui_core.turn import RebuildRequest, plan_rebuild, rebuild_version
    from dspyui_core.workspace import Workspace

    if promote != bool(reason.strip()):
        raise typer.BadParameter("--promote and --reason go together: the ledger keeps why")
    request = RebuildRequest(
        without=tuple(without or ()), program=program_named(program), version=version
    )
    if dry_run:
        with looking() as ws:
            plan = plan_rebuild(ws, request)
        words = f"{_made(plan)} would be compiled again\n  {_rows(plan)}"
        told(plan.model_dump(mode="json"), words, as_json)
        return
    with progress("reading the dataset") as tell:
        done = rebuild_version(Workspace.open(), request, reason=reason, on_progress=tell)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text("\n".join(_lines(done)))


def _lines(done: Rebuilt) -> list[str]:
    found = done.comparison
    return [
        _outcome(done),
        f"  {_rows(done)}",
        f"  holdout {found.opponent_score:.3f} → {found.candidate_score:.3f}: difference "
        f"{found.difference:+.3f}, {found.confidence:.0%} interval {found.low:+.3f} to "
        f"{found.high:+.3f}; {len(done.changed)} of {found.rows} answers change",
        _next(done),
    ]


def _outcome(done: Rebuilt) -> str:
    if done.version == done.rebuilt_from:
        return f"{_made(done)} is the same program: these rows made no difference to it"
    again = ", which was there already" if done.known else ""
    return f"{_made(done)} is version {done.version}{again}"


def _next(done: Rebuilt) -> str:
    if done.decision is not None:
        return f"  version {done.version} serves (decision {done.decision})"
    if done.version == done.rebuilt_from:
        return "  nothing to promote"
    return f"  dspyui model promote {done.program} {done.version} --reason WHY"


def _made(plan: RebuildPlan) -> str:
    count = len(plan.without)
    rows = f"{count} {'row' if count == 1 else 'rows'}" if count else "what is forgotten"
    return f"{plan.program}: version {plan.rebuilt_from} without {rows}"


def _rows(plan: RebuildPlan) -> str:
    gone = f", {plan.forgotten} forgotten" if plan.forgotten else ""
    return (
        f"dataset {plan.dataset_version[:12]}: {plan.train} train, {plan.validation} validation "
        f"left{gone}"
    )
