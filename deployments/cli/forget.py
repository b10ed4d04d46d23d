"""`dspyui forget`: a user, a trace or a row leaves this home; and what its limits let expire."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import program_names
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json

if TYPE_CHECKING:
    from dspyui_core.upkeep import Forgotten, Subject
    from dspyui_core.workspace import Workspace

EPILOG = page(
    ("dspyui forget --user ana --dry-run", "what she asked and said, and who holds it"),
    ("dspyui forget --user ana --yes", "all of it, without asking back"),
    "dspyui forget --trace tr-2d3e8255330a4f259b31cb4a0778a9dc",
    ("dspyui forget --row 5f2c77c1e0b94e1f9a6d1e4bb2c5a9d0", "a row that lineage names"),
    ("dspyui forget --expired", "apply the limits of DSPYUI_JOURNAL__ now"),
)
ONE = "say what: one of --user, --trace, --row and --expired"


def forget(
    user: Annotated[
        str | None, typer.Option("--user", help="All that this user asked and said.")
    ] = None,
    trace: Annotated[
        str | None, typer.Option("--trace", help="This answer, and all that was said about it.")
    ] = None,
    row: Annotated[
        str | None,
        typer.Option("--row", help="This row of a dataset, and every answer to the same input."),
    ] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="What the limits of the settings let expire.")
    ] = False,
    program: Annotated[
        str | None,
        typer.Option(help="Only what this program has.", autocompletion=program_names),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask back.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Forget a user, a trace or a row, for ever.

    It leaves the journal, MLflow's traces, every dataset snapshot, the split ledger, the reports of
    turns and the cached answers of LMs, and the databases are rewritten without it. Versions of a
    program, your own files, exports and backups stay as they are: those that still hold it are
    named, with what to do. A repeat of what was forgotten records nothing. When it is stopped on
    its way, the same command goes on.
    """
    named = {"user": user, "trace": trace, "row": row, "expired": expired or None}
    given = {kind: value for kind, value in named.items() if value is not None}
    if len(given) != 1:
        raise typer.BadParameter(ONE)
    if expired:
        _expire(dry_run, as_json)
        return
    from dspyui_core.upkeep import Subject

    ((kind, value),) = given.items()
    subject = Subject(kind, str(value), program)
    _forget(subject, yes=yes, dry_run=dry_run, as_json=as_json)


def _forget(subject: Subject, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    from deployments.cli.dry_run import looking, told
    from dspyui_core.upkeep import forget as forget_it
    from dspyui_core.upkeep import would_forget
    from dspyui_core.workspace import Workspace

    if dry_run:
        with looking() as ws:
            found = would_forget(ws, subject)
        told(found.model_dump(mode="json"), "\n".join(_lines(found)), as_json)
        return
    ws = Workspace.open()
    if not yes:
        _ask(ws, subject)
    done = forget_it(ws, subject)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text("\n".join(_lines(done)))


def _ask(ws: Workspace, subject: Subject) -> None:
    """Let a person at a terminal see what goes, and say yes to it."""
    from dspyui_core.errors import InputError
    from dspyui_core.upkeep import would_forget

    if not sys.stdin.isatty():
        raise InputError(
            f"{subject} would be forgotten for ever, and nobody is here to say yes",
            hint="look first with --dry-run, then say --yes",
        )
    output.say("\n".join(_lines(would_forget(ws, subject))))
    typer.confirm("Forget this for ever?", abort=True, err=True)


def _lines(found: Forgotten) -> list[str]:
    """What went from where, and who still holds it."""
    gone = {
        "journal": f"{found.predictions} predictions, {found.feedback} feedback",
        "MLflow": f"{found.traces} traces, {found.assessments} assessments, "
        f"{found.evaluated} evaluated rows",
        "datasets": f"{found.rows} rows in {found.dataset_versions} snapshots",
        "splits": f"{found.texts} texts blanked",
        "turns": f"{found.reports} records scrubbed",
        "spans": f"{found.quotes} other answers quoted it",
        "LM cache": "emptied" if found.cache_cleared else "nothing in it",
    }
    if found.reviews:
        gone["inbox"] = f"{found.reviews} items deleted"
    if found.at is None:
        # The others are known when it is done.
        gone = {name: gone[name] for name in ("journal", "datasets")}
    lines = [f"{found.kind} {found.id}: {', '.join(found.programs)}"]
    lines += [f"  {name:<9} {what}" for name, what in gone.items()]
    if not found.compacted:
        lines.append("  a database is in use: deleted bytes may stay in it until a repeat of this")
    for holder in found.held:
        lines += [f"  still in  {holder}", f"            {holder.remedy}"]
    return lines if found.held else [*lines, "  nothing else in this home holds it"]


def _expire(dry_run: bool, as_json: bool) -> None:
    from deployments.cli.dry_run import looking, told
    from dspyui_core.upkeep import compact_databases, retire
    from dspyui_core.workspace import Workspace

    if dry_run:
        with looking() as ws:
            would = retire(ws, dry_run=True)
        told(would.model_dump(mode="json"), str(would), as_json)
        return
    ws = Workspace.open()
    done = retire(ws)
    if done.predictions or done.spans:
        compact_databases(ws)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text(str(done))
