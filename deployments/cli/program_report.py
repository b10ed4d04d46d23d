"""`dspyui program report` and `curve`: a turn's decision and the learning curve, also as pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Json, Name
from deployments.cli.pages import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dspyui_core.pages import DecisionReport, LearningCurve, ScoredProgram, TurnPoint
    from dspyui_core.records import Interval

REPORT = page(
    ("dspyui program report support", "the newest decision"),
    ("dspyui program report support --out decision.html", "the page of it, to keep or to send"),
    ("dspyui program report support --turn support-0002 --json", "all that it rests on"),
)
CURVE = page(
    ("dspyui program curve support", "every decided turn"),
    ("dspyui program curve support --out curve.html", "the same as a page with a chart"),
)
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write the HTML page to this file.")]


def report(
    name: Name,
    turn: Annotated[
        str | None, typer.Option("--turn", "-t", help="A turn; by default the newest decided one.")
    ] = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Show what a turn decided, why, and on what evidence.

    The page is the one that a turn leaves in its MLflow run: one HTML file that needs no network.
    It shows up to 50 changed answers with their inputs, which may be people's own words.
    """
    from dspyui_core.errors import InputError
    from dspyui_core.pages import decision_page
    from dspyui_core.turn import decision_report, last_decided
    from dspyui_core.workspace import Workspace

    ws = Workspace.open()
    found = decision_report(ws, turn or last_decided(ws, name))
    if found.program != name:
        raise InputError(
            f"turn {found.turn!r} is one of {found.program!r}, not of {name!r}",
            hint=f"list the turns with: dspyui program curve {name}",
        )
    if out is not None:
        write_page(out, decision_page(found))
    if as_json:
        output.document(found.model_dump(mode="json"))
    elif out is None:
        output.text("\n".join(_decision(found)))


def curve(name: Name, out: Out = None, as_json: Json = False) -> None:
    """Show how candidates and champions did on the holdout, turn by turn."""
    from dspyui_core.errors import TurnNotFoundError
    from dspyui_core.pages import curve_page
    from dspyui_core.turn import learning_curve
    from dspyui_core.workspace import Workspace

    found = learning_curve(Workspace.open(), name)
    if not found.turns:
        raise TurnNotFoundError(
            name,
            message=f"no turn of {name!r} has decided anything",
            hint="take one with: dspyui run data-flywheel --program FILE",
        )
    if out is not None:
        write_page(out, curve_page(found))
    if as_json:
        output.document(found.model_dump(mode="json"))
    elif out is None:
        output.text("\n".join(_curve(found)))


def _decision(found: DecisionReport) -> Iterator[str]:
    version = found.facts.model_version
    told = found.outcome or f"open, decided: {found.verdict}"
    yield f"{found.turn}: {told}" + ("" if version is None else f", version {version}")
    yield from (f"  • {reason}" for reason in found.reasons)
    yield from (_scored(scored) for scored in found.scores)
    if found.wear is not None:
        wear = found.wear
        yield (
            f"  look {wear.look} of {wear.planned} in epoch {wear.epoch}; "
            f"spent {wear.spent:.4g} of {wear.error:g}"
        )
        if wear.detectable is not None:
            yield f"  such a look shows a gain of {wear.detectable:.3f} or more, with 80 % power"
        if wear.rows_needed is not None:
            rows = f"{wear.rows_needed:,} holdout rows"
            yield f"  to show minimum_effect {found.minimum_effect:g} takes {rows}"
    counts = {kind: sum(c.change == kind for c in found.changed) for kind in ("lost", "won")}
    yield (
        f"  {found.changed_rows} changed answers; of the first {len(found.changed)}, "
        f"{counts['lost']} lost and {counts['won']} won"
    )


def _scored(scored: ScoredProgram) -> str:
    failed = f", {scored.failed} failed" if scored.failed else ""
    return f"  {scored.role:<10} {_with_ends(scored.score, scored.interval)}{failed}"


def _curve(found: LearningCurve) -> Iterator[str]:
    yield f"{found.program}: {len(found.turns)} decided turns"
    yield from (_turn(point) for point in found.turns)


def _turn(point: TurnPoint) -> str:
    ended = (point.outcome or "open") + " (the baseline)" * (point.subject == "baseline")
    return (
        f"  {point.turn}  {ended:<24} candidate "
        f"{_with_ends(point.candidate_score, point.candidate_interval)}, {point.opponent} "
        f"{_with_ends(point.opponent_score, point.opponent_interval)}, "
        f"{point.feedback_rows} feedback rows"
    )


def _with_ends(score: float, interval: Interval | None) -> str:
    ends = "" if interval is None else f" ({interval.low:.3f} to {interval.high:.3f})"
    return f"{score:.3f}{ends}"
