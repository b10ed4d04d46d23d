"""`dspyui init`: from a data file to a workspace that takes a turn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.keys import EMBEDDED, missing_key
from deployments.cli.options import Json

if TYPE_CHECKING:
    from dspyui_core.datasets.drafts.guessing import Guess

EPILOG = page(
    ("dspyui init messages.csv", "guess everything, and say what was guessed"),
    ("dspyui init messages.csv --label intent --input text", "decide what was guessed wrong"),
    "dspyui init qa.jsonl --program-class my.program:Answerer --lm openai/gpt-4o-mini",
    ("dspyui init messages.csv --dry-run", "show it, write nothing"),
)


def init(
    data: Annotated[
        Path, typer.Argument(help="A CSV, JSON, JSONL or Parquet file.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option(help="The program's name; by default the file's.")
    ] = None,
    program_class: Annotated[
        str | None,
        typer.Option(
            "--program-class", help="Your dspy.Module, package.module:Class, from the workspace."
        ),
    ] = None,
    lm: Annotated[str, typer.Option(help="The LM, as LiteLLM names it.")] = EMBEDDED,
    api_base: Annotated[
        str | None, typer.Option("--api-base", help="The address of an LM server of your own.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="A column of right answers; repeat for several.")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="A column that the program is given; repeat for several."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The workspace's folder.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Write a commented program spec for a data file.

    Inputs, outputs, types and label values are guessed and told with the reason; the data file is
    looked at, never copied or changed. At the end it is put through the gate.
    """
    from deployments.cli.init_view import Made, show_made
    from dspyui_core.datasets import check_dataset
    from dspyui_core.datasets.drafts.drafting import Wishes, draft_workspace, name_from, write_all

    found, module, instructions = _guessed(data, program_class, label or [], inputs or [])
    called = name or name_from(data)
    wishes = Wishes(called, data, out, lm, module, instructions, api_base)
    draft = draft_workspace(found, wishes)
    report = check_dataset(draft.spec)
    if not dry_run:
        write_all(draft.files, force=force)
    made = Made(found, draft, report, data, out, written=not dry_run, missing=missing_key(lm))
    if as_json:
        output.document(made.to_json())
    else:
        show_made(made)


def _guessed(
    data: Path, program_class: str | None, labels: list[str], inputs: list[str]
) -> tuple[Guess, str, str]:
    """What the file seems to hold, the program's class and its instructions where it has them."""
    from dspyui_core.datasets import read_table
    from dspyui_core.datasets.drafts.guessing import guess

    table = read_table(data)
    if program_class is None:
        return guess(table, labels=labels, inputs=inputs), "", ""
    from dspyui_core.datasets.drafts.matching import guess_for, read_program
    from dspyui_core.settings import Settings

    program = read_program(program_class, workspace=Settings.read().workspace)
    found = guess_for(program, table, labels=labels, inputs=inputs)
    return found, program.target, program.instructions
