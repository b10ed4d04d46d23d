"""`dspyui review sample`, `export`, `import`: inputs to label, and sheets to label them in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Actor, DryRun, Json, Name

if TYPE_CHECKING:
    from dspyui_core.turn import ImportedLabels, LabelSheet, Sampled

SAMPLE = page(
    ("dspyui review sample support", "the spec's audit_share of all that was asked"),
    ("dspyui review sample support -n 50", "the next 50 in line"),
    "dspyui review sample support -n 50 --dry-run",
)
EXPORT = page(
    ("dspyui review export support --out label.csv", "the open samples, for a spreadsheet"),
    ("dspyui review export support --kind row --out rows.csv", "what users disagree about"),
)
IMPORT = page(
    ("dspyui review import support label.csv --dry-run", "every problem, with its row"),
    "dspyui review import support label.csv --as ana",
)


def sample(
    name: Name,
    count: Annotated[
        int | None,
        typer.Option(
            "-n", "--count", min=1, help="How many; by default feedback.audit_share of the spec."
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Draw served inputs to be labelled for the holdout.

    They are drawn by a hash of the input, whatever was answered or said. From then on feedback on
    them is parked, as it is for every input of the holdout. Inputs that have their split already,
    or nearly repeat one that has, are passed over.
    """
    from dspyui_core.turn import draw_sample, plan_sample
    from dspyui_core.workspace import Workspace

    if dry_run:
        from deployments.cli.dry_run import looking, told

        with looking() as ws:
            planned = plan_sample(ws, name, count=count)
        told(planned.model_dump(mode="json"), _drawn(planned, "would be drawn"), as_json)
        return
    done = draw_sample(Workspace.open(), name, count=count)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text(_drawn(done, "drawn"))


def export(
    name: Name,
    out: Annotated[Path, typer.Option("--out", "-o", help="The CSV file.", show_default=False)],
    kind: Annotated[
        Literal["sample", "row"], typer.Option("--kind", help="Samples, or rows that users made.")
    ] = "sample",
    show_answers: Annotated[
        bool, typer.Option("--show-answers", help="What the program answered, too.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write open items that take labels to a sheet: fill in its label columns, and import it.

    A row per item, with its inputs. What the program answered is left out, because who sees an
    answer first tends to agree with it.
    """
    from dspyui_core.turn import export_sheet, plan_sheet
    from dspyui_core.workspace import Workspace

    if dry_run:
        from deployments.cli.dry_run import looking, told

        with looking() as ws:
            planned = plan_sheet(ws, name, kind, out)
        told(planned.model_dump(mode="json"), _written(planned, "would be written"), as_json)
        return
    done = export_sheet(Workspace.open(), name, kind, out, answers=show_answers)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text(_written(done, "written"))


def import_file(
    name: Name,
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSON Lines or Parquet.", show_default=False)
    ],
    actor: Actor = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Accept every item that a filled sheet has labels for; importing it again changes nothing.

    Rows with blank labels stay open. Where one row is wrong, nothing is recorded.
    """
    from dspyui_core.turn import import_sheet, plan_import
    from dspyui_core.workspace import Workspace

    if dry_run:
        from deployments.cli.dry_run import looking, told

        with looking() as ws:
            planned = plan_import(ws, name, file)
        told(planned.model_dump(mode="json"), _labelled(planned, "would be labelled"), as_json)
        return
    done = import_sheet(Workspace.open(), name, file, actor=actor)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text(_labelled(done, "labelled"))


def _drawn(found: Sampled, verb: str) -> str:
    inputs = "input" if found.drawn == 1 else "inputs"
    return (
        f"{found.program}: {found.drawn} {inputs} {verb} of {found.served} distinct ones served\n"
        f"  passed over: {found.known} with a split already, {found.near} that nearly repeat one"
    )


def _written(found: LabelSheet, verb: str) -> str:
    rows = "row" if found.rows == 1 else "rows"
    return f"{found.program}: {found.rows} {rows} {verb} to {found.path}"


def _labelled(found: ImportedLabels, verb: str) -> str:
    return (
        f"{found.path}: {found.accepted} of {found.rows} rows {verb}, "
        f"{found.repeated} before, {found.blank} blank"
    )
