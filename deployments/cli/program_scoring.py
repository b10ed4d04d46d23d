"""`dspyui program evaluate` and `rescore`: a version on a file; the champion, once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from deployments.cli import output
from deployments.cli.help import GATED_EXITS, page
from deployments.cli.options import DryRun, Json, Name

if TYPE_CHECKING:
    from dspyui_core.turn import FileScore, Rescore

EVALUATE = page(
    ("dspyui program evaluate support test.csv", "the champion on a labelled file"),
    ("dspyui program evaluate support test.csv --version 1 --json", "with every answer"),
    ("dspyui program evaluate support test.csv --slice channel --repeats 3", "by a column, too"),
)
RESCORE = page(
    ("dspyui program rescore support", "does the champion still score as when it was released?"),
    ("dspyui program rescore support --json", "for a program to read"),
    exits=GATED_EXITS,
)


def evaluate(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A CSV, JSON, JSONL or Parquet file with labels.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="A version; by default the champion.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--slice",
            help="A column of the file by which scores are told apart; may be repeated. By default "
            "the spec's dataset.slices.",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=20,
            help="How often each row is answered, past the cache; by default as the spec says.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a version on a labelled file that is no part of the loop.

    Nothing is recorded, and nothing of the file reaches a later turn. Copies and rows that do not
    fit the signature are skipped, and counted. Scores are told by label and by length of the input,
    too; values of fewer than ten rows are taken together.
    """
    from deployments.cli.progress import progress
    from dspyui_core.turn import score_file
    from dspyui_core.workspace import Workspace

    chosen = {"version": version, "slices": by or (), "repeats": repeats}
    with progress(f"scoring {name}") as tell:
        found = score_file(Workspace.open(), name, file, **chosen, on_progress=tell)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text("\n".join(_scored(found)))


def rescore(name: Name, dry_run: DryRun = False, as_json: Json = False) -> NoReturn:
    """Score the champion again on the holdout it was released on, past the cache.

    Where a provider changed its LM underneath, the scores drop; a drop that is no chance is put
    into the inbox, and the exit code is 3. It is no look at the holdout: it decides nothing about a
    candidate. With --dry-run it is scored, and nothing is put anywhere.
    """
    from deployments.cli.progress import progress
    from dspyui_core.turn import rescore as score_again
    from dspyui_core.workspace import Workspace

    with progress(f"scoring {name} again") as tell:
        found = score_again(Workspace.open(), name, dry_run=dry_run, on_progress=tell)
    show_rescore(found, as_json, dry_run=dry_run)


def show_rescore(found: Rescore, as_json: bool, *, dry_run: bool = False) -> NoReturn:
    """Print what a re-score found, and exit: with 3 where the champion scores worse now."""
    if as_json:
        dried = {"dry_run": True} if dry_run else {}
        output.document({**dried, **found.model_dump(mode="json")})
    else:
        output.text("\n".join(_rescored(found)))
    raise typer.Exit(output.GATE_SAID_NO if found.dropped else output.DONE)


def _scored(found: FileScore) -> Iterator[str]:
    yield (
        f"{found.program} version {found.version}: {found.metric} {found.score:.3f}, "
        f"95% interval {found.interval.low:.3f} to {found.interval.high:.3f}"
    )
    yield f"  {found.rows} rows, {found.skipped} skipped, {found.failed} failed"
    if found.repeats > 1:
        yield f"  each answered {found.repeats} times"
    yield from (f"  macro F1 of {output} {score:.3f}" for output, score in found.macro_f1.items())
    if found.latency_ms is not None:
        slow = found.latency_ms
        yield f"  {slow.p50:.1f} ms an answer, {slow.p95:.1f} ms for the slowest 5 %"
    if found.usd is not None:
        yield f"  {found.usd:.4f} USD for 1,000 answers"
    width = max((len(part.value) for part in found.slices), default=0)
    column = ""
    for part in found.slices:
        if part.column != column:
            column = part.column
            yield f"  by {column}:"
        failed = f", {part.failed} failed" if part.failed else ""
        yield f"    {part.value:<{width}}  {part.score:.3f}  {part.rows} rows{failed}"


def _rescored(found: Rescore) -> Iterator[str]:
    yield f"{found.program}: {'worse than it was' if found.dropped else 'no worse than it was'}"
    yield f"  {found.reason}"
    if found.failed:
        yield f"  {found.failed} rows failed now"
    if found.dropped:
        yield "  the program is the same: look at its LM, or take a turn"
    if found.item is not None:
        yield f"  item {found.item} in the inbox: dspyui review show {found.item}"
