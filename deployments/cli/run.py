"""`dspyui run <flow>`: run a flow here and now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import output, run_batch, run_by_hand, run_rescore, run_watch
from deployments.cli.help import GATED_EXITS, page
from deployments.cli.keys import demand_key
from deployments.cli.options import Data, DryRun, Json, Program, Verbose

if TYPE_CHECKING:
    from dspyui_core.records import Turn

Force = Annotated[
    bool,
    typer.Option("--force", help="Compile even where the holdout could show no gain."),
]
app = typer.Typer(help="Run a flow here and now.", no_args_is_help=True)

EXIT_CODES = {
    "promoted": output.DONE,
    "nothing-new": output.DONE,
    "awaiting-approval": output.DONE,
    "refused": output.GATE_SAID_NO,
    "inconclusive": output.GATE_SAID_NO,
    "blocked": output.GATE_SAID_NO,
    "abandoned": output.FAILED,
    "failed": output.FAILED,
}
# The last step that each of these takes a turn to.
LAST_STEPS = {
    "compile-program": "compile",
    "evaluate-program": "decide",
    "register-model": "register",
    "data-flywheel": "conclude",
}


def _page(flow: str, meaning: str) -> str:
    command = f"dspyui run {flow} --program programs/support.yaml"
    return page(
        (command, meaning),
        (f"{command} --dry-run", "say what it would do, and write nothing"),
        (f"{command} --data june.csv --json", "with another data file, for a program to read"),
        exits=GATED_EXITS,
    )


@app.command("data-flywheel", epilog=_page("data-flywheel", "take one turn, or resume it"))
def data_flywheel(
    program: Program,
    data: Data = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take one turn: validate, compile, evaluate, decide, register, promote.

    A turn that was interrupted is resumed where it stopped. With nothing new since the last one,
    nothing is compiled.
    """
    from deployments.cli.turn_view import failed_turn, show_turn
    from dspyui_core.errors import FlywheelError, InputError

    try:
        turn = _run("data-flywheel", program, data, as_json, verbose, dry_run=dry_run, force=force)
    except InputError:
        raise
    except FlywheelError as error:
        if not as_json or dry_run:
            raise
        output.say(f"error: {error}")
        turn = failed_turn(program, error)
    _finish(turn, as_json, show_turn)


VALIDATE = page(
    "dspyui run validate-dataset --program programs/support.yaml",
    ("dspyui dataset check june.csv -p programs/support.yaml", "the same without Prefect"),
    exits=GATED_EXITS,
)


@app.command("validate-dataset", epilog=VALIDATE)
def validate_dataset(
    program: Program, data: Data = None, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Put the program's data through the whole gate; nothing is changed."""
    from deployments.cli.dataset import show_report

    show_report(_run("validate-dataset", program, data, as_json, verbose), as_json)


@app.command("compile-program", epilog=_page("compile-program", "compile a candidate"))
def compile_program(
    program: Program,
    data: Data = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Open or resume the turn and compile its candidate; the next command goes on with it."""
    _stage(_run("compile-program", program, data, as_json, verbose, dry_run=dry_run), as_json)


@app.command("evaluate-program", epilog=_page("evaluate-program", "compile, score and decide"))
def evaluate_program(
    program: Program,
    data: Data = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take the turn as far as the comparison on the holdout and its verdict."""
    _stage(_run("evaluate-program", program, data, as_json, verbose, dry_run=dry_run), as_json)


@app.command("register-model", epilog=_page("register-model", "as far as a version"))
def register_model(
    program: Program,
    data: Data = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take the turn as far as a registered version, which serves nobody yet."""
    _stage(_run("register-model", program, data, as_json, verbose, dry_run=dry_run), as_json)


app.command("promote-model", epilog=run_by_hand.PROMOTE)(run_by_hand.promote_model)
app.command("rollback-model", epilog=run_by_hand.ROLLBACK)(run_by_hand.rollback_model)
app.command("rescore-champion", epilog=run_rescore.RESCORE)(run_rescore.rescore_champion)
app.command("watch-champion", epilog=run_watch.WATCH)(run_watch.watch_champion)
app.command("export-feedback", epilog=run_by_hand.EXPORT)(run_by_hand.export_feedback)
app.command("batch-inference", epilog=run_batch.BATCH)(run_batch.batch_inference)


def _run(
    flow: str,
    program: Path,
    data: Path | None,
    as_json: bool,
    verbose: bool,
    *,
    dry_run: bool = False,
    force: bool = False,
) -> Any:
    from dspyui_core.spec import read_spec

    # What is wrong is told at once: before the slow imports, and before a server is started for it.
    spec = read_spec(program)
    if flow in LAST_STEPS:
        for lm in spec.lms:
            demand_key(lm.name)
    _demand_files([source.path for source in spec.dataset.sources] if data is None else [data])
    from deployments.cli.flow_run import run_flow
    from dspyui_core.turn import TurnRequest

    request = TurnRequest(program=program, data=data, force=force)
    if dry_run:
        from deployments.cli.plan_view import show_plan

        show_plan(request, LAST_STEPS[flow], as_json)
    return run_flow(flow, request, verbose=verbose)


def _demand_files(paths: Sequence[Path]) -> None:
    """Raise DatasetError with every data file that is not there."""
    from dspyui_core.errors import DatasetError, Problem

    gone = [os.path.normpath(path) for path in paths if not path.exists()]
    if gone:
        raise DatasetError(
            f"no data file {gone[0]}",
            [Problem(path, "is not there, either") for path in gone[1:]],
            hint="check the path; one in a spec starts at the spec's folder",
        )


def _stage(result: Any, as_json: bool) -> None:
    from deployments.cli.turn_view import show_turn
    from dspyui_core.records import Turn

    if isinstance(result, Turn):
        _finish(result, as_json, show_turn)
    elif as_json:
        output.document(result.model_dump(mode="json"))
    else:
        output.text(result.model_dump_json(indent=2))


def _finish(turn: Turn, as_json: bool, show: Any) -> None:
    if as_json:
        output.document(turn.model_dump(mode="json"))
    else:
        show(turn)
    raise typer.Exit(EXIT_CODES[turn.outcome])
