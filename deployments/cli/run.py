"""`dspyui run <flow>`: run a flow here and now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.options import Data, Json, Program, Verbose

if TYPE_CHECKING:
    from dspyui_core.records import Turn

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


@app.command("data-flywheel")
def data_flywheel(
    program: Program, data: Data = None, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Take one turn: validate, compile, evaluate, decide, register, promote."""
    from deployments.cli.turn_view import failed_turn, show_turn
    from dspyui_core.errors import FlywheelError, InputError

    try:
        turn = _run("data-flywheel", program, data, verbose)
    except InputError:
        raise
    except FlywheelError as error:
        if not as_json:
            raise
        output.say(f"error: {error}")
        turn = failed_turn(program, error)
    _finish(turn, as_json, show_turn)


@app.command("validate-dataset")
def validate_dataset(
    program: Program, data: Data = None, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Put the program's data through the whole gate; nothing is changed."""
    from deployments.cli.dataset import show_report

    show_report(_run("validate-dataset", program, data, verbose), as_json)


@app.command("compile-program")
def compile_program(
    program: Program, data: Data = None, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Open or resume the turn and compile its candidate."""
    _stage("compile-program", program, data, as_json, verbose)


@app.command("evaluate-program")
def evaluate_program(
    program: Program, data: Data = None, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Take the turn as far as the comparison on the holdout and its verdict."""
    _stage("evaluate-program", program, data, as_json, verbose)


@app.command("register-model")
def register_model(
    program: Program, data: Data = None, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Take the turn as far as a registered version."""
    _stage("register-model", program, data, as_json, verbose)


@app.command("promote-model")
def promote_model(
    program: Program,
    version: Annotated[
        int | None, typer.Option(help="The version; by default the waiting challenger.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the ledger.")] = "promoted by hand",
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make a version the champion on a person's word."""
    from deployments.cli.flow_run import run_flow
    from dspyui_core.turn import PromoteRequest

    request = PromoteRequest(program=program, version=version, reason=reason)
    promoted = run_flow("promote-model", request, verbose=verbose)
    _print(promoted, as_json, f"{promoted.program}: version {promoted.version} serves")


def _run(flow: str, program: Path, data: Path | None, verbose: bool) -> Any:
    from dspyui_core.spec import read_spec

    # A wrong spec is told at once: before the slow imports, and before a server is started for it.
    read_spec(program)
    from deployments.cli.flow_run import run_flow
    from dspyui_core.turn import TurnRequest

    return run_flow(flow, TurnRequest(program=program, data=data), verbose=verbose)


def _stage(flow: str, program: Path, data: Path | None, as_json: bool, verbose: bool) -> None:
    from deployments.cli.turn_view import show_turn
    from dspyui_core.records import Turn

    result = _run(flow, program, data, verbose)
    if isinstance(result, Turn):
        _finish(result, as_json, show_turn)
    else:
        _print(result, as_json, result.model_dump_json(indent=2))


def _finish(turn: Turn, as_json: bool, show: Any) -> None:
    if as_json:
        output.document(turn.model_dump(mode="json"))
    else:
        show(turn)
    raise typer.Exit(EXIT_CODES[turn.outcome])


def _print(record: Any, as_json: bool, words: str) -> None:
    if as_json:
        output.document(record.model_dump(mode="json"))
    else:
        output.text(words)
