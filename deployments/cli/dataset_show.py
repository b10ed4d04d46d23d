"""`dspyui dataset show`: which versions of its dataset a program has, and what one of them is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import spec_files
from deployments.cli.dataset_view import columns, wrapped
from deployments.cli.help import page
from deployments.cli.options import Json, program_named
from deployments.cli.pages import write_page

if TYPE_CHECKING:
    from dspyui_core.pages import ClassesOf, LengthsOf
    from dspyui_core.turn import DatasetVersion, VersionDetails

EPILOG = page(
    ("dspyui dataset show", "every version of every program"),
    ("dspyui dataset show latest --program support", "one version in detail"),
    ("dspyui dataset show latest -p support --report data.html", "what its turn found, as a page"),
    ("dspyui dataset show b1215ece -p programs/support.yaml --json", "by its hash"),
)
SHOWN_LABELS = 20


def show(
    version: Annotated[
        str | None,
        typer.Argument(
            help="The beginning of a version's hash, latest, or previous.", show_default=False
        ),
    ] = None,
    program: Annotated[
        str | None,
        typer.Option(
            "--program",
            "-p",
            help="The program: its spec or its name; by default all.",
            autocompletion=spec_files,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write the HTML page of the version to this file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the dataset versions of programs, or one of them with its counts.

    Says the rows by split, label, source and trust, what was held back, and which turn made it. No
    row is shown: `dspyui lineage --row` traces one.
    """
    from dspyui_core.turn import dataset_versions, programs_with_data, version_details, version_page
    from dspyui_core.workspace import Workspace

    ws = Workspace.open()
    named = program_named(program)
    if version is not None:
        found = version_details(ws, named or _only(programs_with_data(ws)), version)
        if report is not None:
            write_page(report, version_page(ws, found.version))
        content, lines = found.model_dump(mode="json"), list(_details(found))
        _print(content, lines, as_json)
        return
    if report is not None:
        raise typer.BadParameter("say which version the page is of: latest, or the start of a hash")
    names = (named,) if named else programs_with_data(ws)
    known = [one for name in names for one in dataset_versions(ws, name)]
    listed = [one.model_dump(mode="json") for one in known]
    _print(listed, list(_versions(known)) or ["no versions yet: dspyui run data-flywheel"], as_json)


def _print(
    content: Mapping[str, object] | list[dict[str, object]], lines: list[str], as_json: bool
) -> None:
    if as_json:
        output.document(content)
    else:
        output.text("\n".join(lines))


def _only(programs: tuple[str, ...]) -> str:
    """The one program of a home."""
    if len(programs) == 1:
        return programs[0]
    raise typer.BadParameter("say which program with --program: its spec or its name")


def _versions(known: list[DatasetVersion]) -> Iterator[str]:
    programs = dict.fromkeys(one.program for one in known)
    for program in programs:
        mine = [one for one in known if one.program == program]
        yield f"{program}: {len(mine)} dataset version{'' if len(mine) == 1 else 's'}"
        head = ("version", "made", "verdict", "rows", "train", "val.", "holdout", "feedback")
        rows = [head, *map(_line, mine)]
        yield from columns(rows, right=range(3, len(head)))


def _line(one: DatasetVersion) -> tuple[str, ...]:
    counts = (one.rows, one.train, one.validation, one.holdout, one.feedback_rows)
    return (
        one.version[:12],
        f"{one.made_at:%Y-%m-%d %H:%M}",
        one.verdict,
        *(f"{count:,}" for count in counts),
    )


def _details(found: VersionDetails) -> Iterator[str]:
    one = found.version
    yield f"{one.program}: dataset {one.version}"
    made = f"{one.made_at:%Y-%m-%d %H:%M:%S} UTC"
    turns = "" if one.turns < 2 else f", used by {one.turns} turns"
    ended = f" by turn {one.turn} ({one.outcome}{turns})" if one.turn else ""
    yield f"  made {made}{ended}; verdict {one.verdict or 'unknown'}"
    yield (
        f"  {one.rows:,} rows: {one.train:,} train, {one.validation:,} validation, "
        f"{one.holdout:,} holdout; {one.quarantined:,} quarantined, {one.parked:,} parked"
    )
    yield f"  {one.feedback_rows:,} rows of feedback, up to journal position {one.feedback_upto:,}"
    if one.forgotten:
        yield f"  {one.forgotten:,} rows were forgotten since"
    yield from wrapped(_counted(found.trust), 10, first="  trust")
    yield from wrapped(_counted(found.sources), 10, first="  from")
    for name, digest in found.files.items():
        yield f"  file      {name}, sha256 {digest[:12]}"
    for classes in found.classes:
        yield from wrapped(_labels(classes), 4, first="  ")
    for lengths in found.lengths:
        yield from _lengths(lengths)


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} ({count:,})" for name, count in ordered)


def _labels(classes: ClassesOf) -> str:
    shown = ", ".join(f"{c.label} ({c.rows:,})" for c in classes.classes[:SHOWN_LABELS])
    rest = len(classes.classes) - SHOWN_LABELS
    more = f" and {rest:,} more" if rest > 0 else ""
    return f"{classes.field}: {shown}{more}"


def _lengths(lengths: LengthsOf) -> Iterator[str]:
    """The shortest and the longest bin that hold a row."""
    held = [n for n, count in enumerate(lengths.counts) if count]
    if held:
        ends = [*lengths.edges, float("inf")]
        shortest, longest = ends[held[0]], ends[held[-1] + 1]
        upto = "more" if longest == float("inf") else f"{longest - 1:,.0f}"
        yield f"  {lengths.field}: {shortest:,.0f} to {upto} characters"
