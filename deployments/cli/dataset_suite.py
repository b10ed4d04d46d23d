"""`dspyui dataset suite`: the expectations that judge a program's data as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Json, Program

if TYPE_CHECKING:
    from dspyui_core.turn import ShownSuite

SUITE = page(
    ("dspyui dataset suite -p programs/support.yaml", "what judges the data, file or default"),
    (
        "dspyui dataset suite -p programs/support.yaml --write",
        "write the default as expectations/support.json, to be edited",
    ),
    ("dspyui dataset suite -p programs/support.yaml --columns", "what it can judge"),
)


def suite(
    program: Program,
    write: Annotated[
        bool, typer.Option("--write", help="Write the default suite as the program's own file.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --write: also over the file that is there.")
    ] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="Show the columns that a suite can judge.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the suite of expectations that judges a program's data as a whole.

    It is the file expectations/PROGRAM.json of the workspace, in Great Expectations' own JSON; a
    broken critical expectation blocks the dataset, a broken warning warns, an info is told. Where
    there is no file, the default suite judges in validate-dataset, and none in a turn.
    """
    from dspyui_core.settings import Settings
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import show_suite, write_default_suite

    spec, folder = read_spec(program), Settings.read().workspace.resolve()
    found = write_default_suite(folder, spec, force=force) if write else show_suite(folder, spec)
    if as_json:
        output.document(found.model_dump(mode="json"))
    elif columns:
        _show_columns(found)
    elif write:
        output.text(f"{found.program}: {_counted(found)} written to {found.file}")
    else:
        _show(found)


def _show(found: ShownSuite) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("column", "expected", "severity", "why")
    for one in found.suite.expectations:
        notes = " ".join(one.notes) if isinstance(one.notes, tuple) else one.notes or ""
        table.add_row(one.column, one.expected, one.severity, escape(notes))
    output.console().print(table)
    where = f"from {found.file}" if found.file else "the default: --write makes it a file"
    output.text(f"{found.program}: {_counted(found)}, {where}")


def _counted(found: ShownSuite) -> str:
    number = len(found.suite.expectations)
    return "1 expectation" if number == 1 else f"{number} expectations"


def _show_columns(found: ShownSuite) -> None:
    from rich.table import Table

    table = Table("column", "meaning")
    for column, meaning in found.columns.items():
        table.add_row(column, meaning)
    output.console().print(table)
