"""`dspyui lineage`: from an answer to the users whose words are in its prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Json

if TYPE_CHECKING:
    from dspyui_core.turn import AnswerLineage, DemoOrigin

EPILOG = page(
    ("dspyui lineage tr-2d3e8255330a4f259b31cb4a0778a9dc", "version, turn, dataset and demos"),
    ("dspyui lineage tr-2d3e8255330a4f259b31cb4a0778a9dc --json", "the same, all of it"),
)


def lineage(
    trace: Annotated[str, typer.Argument(help="The answer's trace id.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show where an answer comes from: version, turn, dataset, and the rows in its prompt.

    A row that users made names the trace it was said on, the user, and what the program had
    answered there. The nearest demo comes first.
    """
    from dspyui_core.turn import answer_lineage
    from dspyui_core.workspace import Workspace

    found = answer_lineage(Workspace.open(), trace)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text("\n".join(_lines(found)))


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
