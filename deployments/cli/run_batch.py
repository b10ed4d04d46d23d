"""`dspyui run batch-inference`: a file in, a file with answers out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json, Program, Verbose

if TYPE_CHECKING:
    from dspyui_core.runner import BatchPlan, BatchReport
    from dspyui_core.turn import BatchRequest

BATCH = page(
    (
        "dspyui run batch-inference -p programs/support.yaml --file messages.csv --out answers.csv",
        "answer every row; the same command goes on after an interruption",
    ),
    (
        "dspyui run batch-inference -p programs/support.yaml --file messages.jsonl --dry-run",
        "check and count the rows, and ask nobody",
    ),
    (
        "dspyui run batch-inference -p programs/support.yaml --file messages.csv --retry-failed",
        "the rows that failed, once more",
    ),
    exits="0 done, 1 failed: or no row got an answer, 2 bad usage or bad input",
)


def batch_inference(
    program: Program,
    file: Annotated[
        Path,
        typer.Option(
            "--file",
            "-f",
            help="The rows: a .csv, .tsv, .jsonl or .parquet file.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The answers, a .csv or .jsonl file; by default one in the home's batches.",
        ),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="A version; by default the one that an unfinished job began with, or else the "
            "champion.",
        ),
    ] = None,
    chunk: Annotated[
        int, typer.Option(min=1, max=10_000, help="Rows that are answered and recorded together.")
    ] = 200,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask the failed rows of a finished job again.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Answer every row of a file, each answer recorded like any other.

    Columns that are no input are carried through; status, error and trace_id are added. A row that
    does not fit is `invalid`, one that fails is `error`, and the job goes on. An answer that is
    recorded is not asked for again.
    """
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import BatchRequest

    read_spec(program)
    request = BatchRequest(
        program=program,
        file=file,
        out=out,
        version=version,
        chunk=chunk,
        retry_failed=retry_failed,
    )
    if dry_run:
        _show_plan(request, as_json)
        return
    from deployments.cli.flow_run import run_flow

    _finish(run_flow("batch-inference", request, verbose=verbose), as_json)


def _show_plan(request: BatchRequest, as_json: bool) -> None:
    from deployments.cli.dry_run import looking, told
    from dspyui_core.turn import plan_file

    with looking() as ws:
        plan = plan_file(ws, request)
    told(plan.model_dump(mode="json"), _planned(plan), as_json)


def _planned(plan: BatchPlan) -> str:
    left = plan.rows - plan.invalid - plan.answered
    lines = [
        f"{plan.program}: version {plan.version} would answer {left} of {plan.rows} rows",
        f"  {plan.answered} are answered already, {plan.invalid} do not fit",
        *(f"  {problem}" for problem in plan.problems),
        f"  to {plan.path}",
    ]
    return "\n".join(lines)


def _finish(report: BatchReport, as_json: bool) -> None:
    if as_json:
        output.document(report.model_dump(mode="json"))
    else:
        output.text(_told(report))
    nothing = report.total_rows > 0 and report.success_count == 0
    raise typer.Exit(output.FAILED if nothing else output.DONE)


def _told(report: BatchReport) -> str:
    usd = "price unknown" if report.lm.usd is None else f"{report.lm.usd:.4f} USD"
    failed = report.error_count - report.invalid_count
    lines = [
        f"{report.program}: {report.success_count} of {report.total_rows} rows answered by version "
        f"{report.version}",
        f"  {failed} failed, {report.invalid_count} do not fit; {report.asked} were asked just now",
        f"  written to {report.path}",
    ]
    if failed:
        lines += ["  the failed ones once more: the same command with --retry-failed"]
    return "\n".join([*lines, f"  {report.lm.calls} LM calls, {usd}, {report.seconds:.1f} s"])
