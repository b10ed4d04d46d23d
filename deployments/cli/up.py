"""`dspyui up` and `dspyui down`: the local stack of this home, as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json

if TYPE_CHECKING:
    from deployments.stack.control import Ended
    from deployments.stack.state import Stack
    from deployments.stack.supervisor import Told
    from dspyui_core.settings import Settings

UP_EPILOG = page(
    ("dspyui up", "start it, and watch it until Ctrl-C ends all of it"),
    ("dspyui up --detach", "start it, and return when everything answers"),
    ("dspyui up --dry-run", "what would be started, and on which ports"),
    ("dspyui status", "how it is, with all addresses"),
    ("dspyui down", "end it"),
)
DOWN_EPILOG = page(
    ("dspyui down", "end the stack of this home, and wait for that"),
    ("dspyui down --dry-run", "what would be ended"),
)


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when it is up; dspyui down ends it.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Start Prefect, MLflow, a worker and the mirror for this home, each waited for.

    Both servers have a user interface; the worker takes what the schedules and triggers of the
    workspace's programs start. Each service is ready before those that need it are started, and
    one that dies is started again. A taken port is replaced by a free one. Logs are in the home's
    folder logs. Every other command on this home uses its Prefect server while it is up.
    """
    from deployments.stack.control import start_detached
    from dspyui_core.settings import Settings
    from dspyui_core.workspace import Workspace

    settings = Settings.read()
    if dry_run:
        _show_plan(settings, as_json)
        return
    home = Workspace.open(settings=settings).home
    if not detach:
        _run(settings, as_json)
        return
    output.say("starting the stack")
    _show(start_detached(home), as_json)


def down(dry_run: DryRun = False, as_json: Json = False) -> None:
    """End this home's stack, and what a killed one left behind.

    A turn that is running is stopped; the next one goes on where it was. Where nothing runs, that
    is said, and it is no failure.
    """
    from deployments.stack.control import end_stack, would_end
    from deployments.stack.state import look
    from dspyui_core.settings import Settings

    home = Settings.read().home.resolve()
    if dry_run:
        _show_end(would_end(look(home)), as_json, dry_run=True)
        return
    _show_end(end_stack(home), as_json)


def _run(settings: Settings, as_json: bool) -> None:
    """In this process, until it is told to end."""
    from deployments.stack.control import run_here
    from deployments.stack.screen import changes, live

    console = output.console()
    if as_json:
        run_here(settings, told=_once_up())
    elif console.is_terminal:
        with live(console, settings.home.resolve()) as told:
            run_here(settings, told=told)
    else:
        run_here(settings, told=changes(output.text))


def _once_up() -> Told:
    """Prints the document when all of it is up for the first time."""
    shown = False

    def hear(stack: Stack) -> None:
        nonlocal shown
        if stack.status == "up" and not shown:
            shown = True
            _show(stack, as_json=True)

    return hear


def _show(stack: Stack, as_json: bool) -> None:
    from deployments.stack.screen import as_text

    if as_json:
        output.document(stack.model_dump(mode="json"))
    else:
        output.text(as_text(stack))


def _show_plan(settings: Settings, as_json: bool) -> None:
    from deployments.cli.dry_run import told
    from deployments.stack.control import plan

    found = plan(settings)
    lines = [
        f"{'would use' if service.elsewhere else 'would start'} {service.name}: {service.what}"
        + (f", {service.address}" if service.address else "")
        for service in found.services
    ]
    told(found.model_dump(mode="json"), "\n".join(lines), as_json)


def _show_end(ended: Ended, as_json: bool, *, dry_run: bool = False) -> None:
    from deployments.cli.dry_run import done

    done(ended.model_dump(mode="json"), _ended(ended), as_json, dry_run=dry_run)


def _ended(ended: Ended) -> str:
    if ended.was == "nothing":
        return "nothing runs"
    if ended.was == "died":
        left = f", {len(ended.left_behind)} processes of it were left" if ended.left_behind else ""
        return f"the stack was killed before{left}: all of it is gone"
    return f"ended: {', '.join(ended.services)}"
