"""The command itself: its nouns, its exit codes, and who owns standard output."""

from __future__ import annotations

import os
import sys

import typer

from deployments.cli import dataset, export, feedback, model, output, predict, program, run, status

app = typer.Typer(
    name="dspyui",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(run.app, name="run")
app.add_typer(program.app, name="program")
app.add_typer(dataset.app, name="dataset")
app.add_typer(model.app, name="model")
app.add_typer(feedback.app, name="feedback")
app.command("predict")(predict.predict)
app.command("export")(export.export)
app.command("status")(status.status)

# Set before the libraries are imported: they read these once, and some reach for the network.
QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "TQDM_DISABLE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "GIT_PYTHON_REFRESH": "quiet",
}


def _show_version(wanted: bool) -> None:
    if wanted:
        import dspyui_core

        output.text(dspyui_core.__version__)
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(
        False,
        "--version",
        help="Print the version and exit.",
        callback=_show_version,
        is_eager=True,
    ),
) -> None:
    """The data flywheel for DSPy programs: from a user's correction to a better release."""


def main() -> None:
    """Run the command and exit with its code."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with output.owned_stdout():
        code = output.exit_code(lambda: app(standalone_mode=False))
    # Nothing of ours runs at exit, and a library's thread must not hold the command open.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
