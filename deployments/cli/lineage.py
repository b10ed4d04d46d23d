"""`dspyui lineage`: from an answer to the users in its prompt, from a row to its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import spec_files
from deployments.cli.help import page
from deployments.cli.options import Json, program_named

if TYPE_CHECKING:
    from dspyui_core.turn import AnswerLineage, DemoOrigin

EPILOG = page(
    ("dspyui lineage tr-2d3e8255330a4f259b31cb4a0778a9dc", "version, turn, dataset and demos"),
    ("dspyui lineage tr-2d3e8255330a4f259b31cb4a0778a9dc --json", "the same, all of it"),
    ("dspyui lineage --row 5f2c77c1e0b94e1f9a6d1e4bb2c5a9d0", "which versions contain this row"),
)
ONE = "say what: a trace, or --row with a row's id"


def lineage(
    trace: Annotated[
        str | None, typer.Argument(help="The answer's trace id.", show_default=False)
    ] = None,
    row: Annotated[str | None, typer.Option("--row", help="A row's id, instead.")] = None,
    program: Annotated[
        str | None,
        typer.Option(
            "--program",
            "-p",
            help="Only this program's versions with the row: its spec or its name.",
            autocompletion=spec_files,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show where an answer comes from: version, turn, dataset, and the rows in its prompt.

    A row that users made names the trace it was said on, the user, and what the program had
    answered there. The nearest demo comes first. With --row the other way round: which versions
    were made from a row, and whether it is among their demos.
    """
    from deployments.cli.lineage_row import row_lines
    from dspyui_core.turn import answer_lineage, row_lineage
    from dspyui_core.workspace import Workspace

    if (trace is None) == (row is None) or (program is not None and row is None):
        raise typer.BadParameter(ONE)
    ws = Workspace.open()
    if row is not None:
        used = row_lineage(ws, row, program=program_named(program))
        content, lines = used.model_dump(mode="json"), row_lines(used)
    else:
        found = answer_lineage(ws, str(trace))
        content, lines = found.model_dump(mode="json"), _lines(found)
    if as_json:
        output.document(content)
    else:
        output.text("\n".join(lines))


def _lines(found: AnswerLineage) -> list[str]:
    return [
        f"{values_text(found.inputs)}",
        f"{values_text(found.outputs)}",
        f"  {found.program} version {found.version}, turn {found.turn}, "
        f"dataset {found.dataset_version[:12]}, run {found.run_id}",
        f"  {_demos_of(found)}",
        *(line for demo in found.demos for line in _demo(demo)),
    ]


def _demos_of(found: AnswerLineage) -> str:
    if not found.demos:
        return "no demos in its prompt: this version is the uncompiled program, or keeps none"
    plural = "demo" if len(found.demos) == 1 else "demos"
    return f"{len(found.demos)} {plural} in its prompt, the nearest first:"


def _demo(demo: DemoOrigin) -> list[str]:
    return [f"  - {values_text(demo.inputs)}", f"      {values_text(demo.labels)}  {origin(demo)}"]


def origin(demo: DemoOrigin, *, brief: bool = False) -> str:
    """Who made a demo; `brief` leaves out the trust and most of the trace id."""
    trust = "" if brief else f", {demo.trust}"
    if demo.row_id is None:
        return "written by the optimizer, or forgotten since"
    if demo.trace_id is None or demo.answered is None:
        return f"row {demo.data_row} of {demo.source}{trust}"
    told = f"corrected from {values_text(demo.answered)} by" if demo.corrected else "thumbs up from"
    trace = f"{demo.trace_id[:11]}…" if brief else demo.trace_id
    return f"{told} {demo.user_id or 'nobody named'} on {trace}{trust}"


def values_text(values: object) -> str:
    """The values of inputs or outputs on one line."""
    shown = values.values() if isinstance(values, dict) else [values]
    return ", ".join(" ".join(str(value).split()) for value in shown)
