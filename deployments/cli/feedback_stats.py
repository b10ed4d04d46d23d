"""`dspyui feedback stats`: how much of what was answered is rated, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import program_names
from deployments.cli.help import page
from deployments.cli.options import Json

if TYPE_CHECKING:
    from dspyui_core.feedback import FeedbackStats, ProgramStats

EPILOG = page(
    "dspyui feedback stats",
    ("dspyui feedback stats support --json", "one program, for a program to read"),
)


def stats(
    program: Annotated[
        str | None,
        typer.Argument(
            help="The program's name; by default all.",
            show_default=False,
            autocompletion=program_names,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Count what users say of the answers, by program and version.

    The latest word of each user on an answer counts; what was taken back is counted apart.
    """
    from dspyui_core.feedback import feedback_stats
    from dspyui_core.workspace import Workspace

    found = feedback_stats(Workspace.open().journal, program)
    if as_json:
        output.document([one.model_dump(mode="json") for one in found])
    elif found:
        output.text("\n".join(map(_program, found)))
    else:
        output.text("no answers yet: dspyui predict PROGRAM")


def _program(found: ProgramStats) -> str:
    newest = f"; newest {found.at:%Y-%m-%d %H:%M:%S} UTC" if found.at else ""
    lines = [f"{found.program}: {_counts(found)}, {found.users} users{newest}"]
    for one in found.versions:
        version = "no version" if one.version is None else f"version {one.version}"
        lines.append(f"  {version}: {_counts(one)}")
    return "\n".join(lines)


def _counts(one: FeedbackStats) -> str:
    return (
        f"{one.rated} of {one.predictions} answers rated ({one.share:.0%}), {one.up} up, "
        f"{one.down} down, {one.corrected} corrected, {one.retracted} retracted"
    )
