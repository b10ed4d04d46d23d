"""`dspyui dataset diff`: what changed between two versions of a program's dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.completion import spec_files
from deployments.cli.dataset_view import columns, kinds_line, wrapped
from deployments.cli.help import page
from deployments.cli.options import Json, program_named

if TYPE_CHECKING:
    from dspyui_core.turn import VersionDiff
    from dspyui_core.turn.differing import ShownRow

EPILOG = page(
    ("dspyui dataset diff previous latest --program support", "what the last turn added"),
    ("dspyui dataset diff b1215ece 90aa41c2 -p programs/support.yaml --json", "by their hashes"),
)
SHOWN_LABELS = 10
SHOWN_ROWS = 5
MARKS = {"added": "+", "removed": "-", "relabelled": "~"}
Version = Annotated[
    str,
    typer.Argument(
        help="The beginning of a version's hash, latest, or previous.", show_default=False
    ),
]


def diff(
    before: Version,
    after: Version,
    program: Annotated[
        str,
        typer.Option(
            "--program",
            "-p",
            help="The program: its spec or its name.",
            show_default=False,
            autocompletion=spec_files,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show the rows that came, went, or got another label from one version to another.

    The holdout is told in numbers alone. Of train and validation the first rows of each kind are
    shown, with personal data masked.
    """
    from dspyui_core.turn import version_diff
    from dspyui_core.workspace import Workspace

    found = version_diff(Workspace.open(), str(program_named(program)), before, after)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text("\n".join(_lines(found)))


def _lines(found: VersionDiff) -> Iterator[str]:
    old, new, change = found.before, found.after, found.change
    yield f"{found.program}: dataset {old.version[:12]} -> {new.version[:12]}"
    yield f"  {old.rows:,} -> {new.rows:,} rows: {kinds_line(change)}"
    heads = ("split", "added", "removed", "relabelled")
    counts = [(s.split, s.added, s.removed, s.relabelled) for s in change.splits]
    table = [heads, *((name, *(f"{n:,}" for n in numbers)) for name, *numbers in counts)]
    yield from columns(table, right=(1, 2, 3))
    if change.confirmed:
        yield f"  {change.confirmed:,} rows are trusted more than before"
    yield from _labels(found)
    for shift in found.lengths:
        if shift.distance:
            yield (
                f"  {shift.field}: the median length went from {shift.before:,} to "
                f"{shift.after:,} characters, KS distance {shift.distance:.3f}"
            )
    yield from _rows(found)


def _labels(found: VersionDiff) -> Iterator[str]:
    for shift in found.labels[:SHOWN_LABELS]:
        grown = shift.after - shift.before
        yield f"  {shift.field} {shift.label}: {shift.before:,} -> {shift.after:,} ({grown:+,})"
    rest = len(found.labels) - SHOWN_LABELS
    if rest > 0:
        yield f"  and {rest:,} more labels: --json has them all"


def _rows(found: VersionDiff) -> Iterator[str]:
    for kind in MARKS:
        rows = [row for row in found.rows if row.change == kind]
        for row in rows[:SHOWN_ROWS]:
            yield from wrapped(_row(row), 4, first=f"  {MARKS[kind]}")
        if len(rows) > SHOWN_ROWS:
            yield f"    and more {kind}: --json has the first {len(rows)}"


def _row(row: ShownRow) -> str:
    was = "" if row.was is None else f"{_values(row.was)} -> "
    return f"{_values(row.inputs)} | {was}{_values(row.labels)} ({row.split}, {row.trust})"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(str(value) for value in values.values())
