"""`dspyui dataset filter`: reviewed and other feedback as a file of gold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from deployments.cli import output
from deployments.cli.export import counted, period
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json, OnlyRating, Program, Since, Until

FILTER = page(
    (
        "dspyui dataset filter -p programs/support.yaml --reviewed --out reviewed.csv",
        "what a reviewer decided",
    ),
    (
        "dspyui dataset filter -p programs/support.yaml --trust confirmed --since 2025-01-01 "
        "--out new.jsonl",
        "what two users, or a reviewer, say since then",
    ),
    "dspyui dataset merge data/gold.csv reviewed.csv -p programs/support.yaml --out all.csv",
)


def filter(
    program: Program,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file: .csv, .json, .jsonl or .parquet.")
    ],
    trust: Annotated[
        Literal["confirmed", "proposed"] | None,
        typer.Option("--trust", help="Only rows of this trust: confirmed by two, or by one only."),
    ] = None,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Only rows that a reviewer decided about.")
    ] = False,
    rating: OnlyRating = None,
    user: Annotated[str | None, typer.Option("--user", help="Only what this user said.")] = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write feedback that a turn would learn from as data of the program, with where it is from.

    One row for an input, under the columns of the spec; the columns feedback_trust and so on say
    who said it when. Nothing that meets the holdout is in it, nor what the gate holds back. In CSV
    a text that a spreadsheet takes for a formula gets a quote in front; other formats keep it.
    """
    from deployments.cli.dry_run import looking, told
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import FilterRequest, filter_feedback
    from dspyui_core.workspace import Workspace

    times = period(since, until)
    request = FilterRequest(
        spec=read_spec(program),
        out=out,
        trust=trust,
        rating=rating,
        user=user,
        reviewed=reviewed,
        **times,
    )
    if dry_run:
        with looking() as ws:
            found = filter_feedback(ws, request, dry_run=True)
        words = f"{counted(found.rows)} of {found.usable} usable ones would be written"
        told(found.model_dump(mode="json"), words, as_json)
        return
    found = filter_feedback(Workspace.open(), request)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text(f"{counted(found.rows)} of {found.usable} usable ones written to {found.path}")
