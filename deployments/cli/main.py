"""The command itself: its nouns, its exit codes, and who owns standard output."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext

import typer

from deployments.cli import (
    backup,
    dataset,
    demo,
    deploy,
    doctor,
    export,
    feedback,
    forget,
    init,
    lineage,
    mirror,
    model,
    output,
    predict,
    program,
    restore,
    review,
    run,
    status,
    up,
)
from deployments.cli.help import GATED_EXITS, page

EPILOG = page(
    ("dspyui demo", "watch a program get better from its users' corrections, without a key"),
    ("dspyui init messages.csv", "write a workspace for your own data"),
    ("dspyui run data-flywheel --program programs/support.yaml", "take a turn of the loop"),
    "dspyui predict support --input text='my card has not come yet'",
    ("dspyui feedback add tr-2d3e --rating thumbs_down -c intent=card_arrival", "correct it"),
    ("dspyui model --help", "what there is to a noun; every command has examples"),
    exits=GATED_EXITS,
)
# Typer itself prints what these ask for: to standard output, which nobody else writes to then.
TOLD = ("--help", "--install-completion", "--show-completion")
COMPLETING = "_DSPYUI_COMPLETE"

app = typer.Typer(
    name="dspyui",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=EPILOG,
)
app.command("init", epilog=init.EPILOG)(init.init)
app.command("doctor", epilog=doctor.EPILOG)(doctor.doctor)
app.command("demo", epilog=demo.EPILOG)(demo.demo)
app.add_typer(run.app, name="run")
app.add_typer(program.app, name="program")
app.add_typer(dataset.app, name="dataset")
app.add_typer(model.app, name="model")
app.add_typer(feedback.app, name="feedback")
app.add_typer(review.app, name="review")
app.command("predict", epilog=predict.EPILOG)(predict.predict)
app.command("export", epilog=export.EPILOG)(export.export)
app.command("lineage", epilog=lineage.EPILOG)(lineage.lineage)
app.command("mirror", epilog=mirror.EPILOG)(mirror.mirror)
app.command("backup", epilog=backup.EPILOG)(backup.backup)
app.command("restore", epilog=restore.EPILOG)(restore.restore)
app.command("forget", epilog=forget.EPILOG)(forget.forget)
app.command("deploy", epilog=deploy.EPILOG)(deploy.deploy)
app.command("status", epilog=status.EPILOG)(status.status)
app.command("up", epilog=up.UP_EPILOG)(up.up)
app.command("down", epilog=up.DOWN_EPILOG)(up.down)

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


def _only_told() -> bool:
    return COMPLETING in os.environ or any(argument in TOLD for argument in sys.argv[1:])


def _open_closed_streams() -> None:
    """Let a stream that the caller closed (`>&-`) swallow what is written to it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free descriptor is the one that was closed.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def main() -> None:
    """Run the command and exit with its code."""
    _open_closed_streams()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    # Told by its name under `python -m`, too: completion and examples are for this one.
    with nullcontext() if _only_told() else output.owned_stdout():
        code = output.exit_code(lambda: app(standalone_mode=False, prog_name="dspyui"))
    # Nothing of ours runs at exit, and a library's thread must not hold the command open.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
