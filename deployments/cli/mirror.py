"""`dspyui mirror`: the journal to MLflow, and what people said there into the journal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import program_names
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json
from deployments.signals import until_told

if TYPE_CHECKING:
    from dspyui_core.errors import StoreError
    from dspyui_core.turn import MirrorReport, MirrorRun
    from dspyui_core.workspace import Workspace

EPILOG = page(
    ("dspyui mirror", "all programs: copy what MLflow has not, and end"),
    ("dspyui mirror support --follow", "go on until Ctrl-C, every 5 seconds"),
    ("dspyui mirror --dry-run", "how far MLflow is behind"),
)
_NOTHING = "nothing is recorded yet"


def mirror(
    name: Annotated[
        str | None,
        typer.Argument(
            help="The program's name; by default all of them.",
            show_default=False,
            autocompletion=program_names,
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until Ctrl-C or SIGTERM.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", min=0.1, help="With --follow: seconds between looks.")
    ] = 5.0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Copy answers and feedback to MLflow, and take in what people said there.

    Each entry once, under the same trace id. Ratings, corrections and comments that somebody gave
    in MLflow, on these traces or on those that another program logged to the experiment, enter the
    journal. With --follow, an MLflow that is away is waited for, and what people said there is
    looked for once a minute.
    """
    from deployments.events import launching
    from dspyui_core.turn import MirrorRun, mirror_all, mirrored_programs

    if dry_run:
        _show_lags(name, as_json)
        return
    start = time.monotonic()
    with launching() as ws:
        output.show_progress()
        names = mirrored_programs(ws, name)
        found = tuple(_follow(ws, name, every) if follow else mirror_all(ws, names))
    run = MirrorRun(programs=found, seconds=round(time.monotonic() - start, 1))
    _told(run, as_json)


def _follow(ws: Workspace, name: str | None, every: float) -> Iterable[MirrorReport]:
    """The sums of all looks, program by program."""
    from dspyui_core.turn import follow, mirrored_programs

    # MLflow itself would try for minutes before it says that a server is away.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    found: dict[str, MirrorReport] = {}

    def heard(report: MirrorReport) -> None:
        before = found.get(report.program)
        found[report.program] = report if before is None else before + report
        if report.moved:
            output.say(_line(report))

    def trouble(error: StoreError, wait: float) -> None:
        output.say(f"{error.message}; trying again in {wait:.0f} s")

    with until_told() as stop:
        output.say("mirroring until Ctrl-C")
        # Asked anew at each look: programs come.
        names = partial(mirrored_programs, ws, name)
        follow(ws, names, every=every, stop=stop, on_report=heard, on_trouble=trouble)
    return found.values()


def _show_lags(name: str | None, as_json: bool) -> None:
    from deployments.cli.dry_run import looking, told
    from dspyui_core.turn import lags, mirrored_programs

    with looking() as ws:
        plan = lags(ws, mirrored_programs(ws, name))
    lines = [f"{found.program}: {found.lag}" for found in plan.programs]
    told(plan.model_dump(mode="json"), "\n".join(lines) or _NOTHING, as_json)


def _told(run: MirrorRun, as_json: bool) -> None:
    if as_json:
        output.document(run.model_dump(mode="json"))
    else:
        output.text("\n".join(map(_line, run.programs)) or _NOTHING)


def _line(report: MirrorReport) -> str:
    told = f"{report.program}: {report.traces} traces and {report.assessments} assessments copied"
    if report.orphans:
        told += f", {report.orphans} feedback on traces that were deleted there"
    lines = [f"{told}; {report.lag}"]
    picked = report.picked_up
    if picked is not None and (picked.entries or picked.unfit):
        lines.append(
            f"  from MLflow: {picked.predictions} answers, {picked.feedback} feedback, "
            f"{picked.retractions} retractions; {picked.unfit} do not fit"
        )
        lines += [f"    {reason}" for reason in picked.reasons]
    return "\n".join(lines)
