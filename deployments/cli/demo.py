"""`dspyui demo`: a program gets better from its users' corrections, in one command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Json, Verbose

if TYPE_CHECKING:
    from deployments.demo.example import Example
    from deployments.demo.show import Show
    from deployments.demo.story import DemoReport, RunTurn
    from deployments.prefect_server import PrefectServer
    from deployments.stack.state import Stack
    from dspyui_core.records import Turn
    from dspyui_core.turn import TurnRequest

# Fixed before anybody looked at what it gives.
SEED = 0
# Where the home is kept by default that a stack is left up for.
STACK_HOME = Path("demo-home")

EPILOG = page(
    ("dspyui demo", "watch two turns with users between them"),
    ("dspyui demo --keep demo-home", "the same, and keep everything to look around in"),
    ("dspyui demo --stack", "the same through a local stack, which is left up to look around in"),
    ("dspyui demo --seed 3 --json", "other users, and only the figures"),
    exits="0 done (whatever the gate decided), 1 failed, 2 bad usage",
)


def demo(
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep the home here; a new or empty folder."),
    ] = None,
    stack: Annotated[
        bool,
        typer.Option("--stack", help=f"Through a local stack that is left up; keeps {STACK_HOME}."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Which users: their patience and mistakes.")] = SEED,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Watch a program get better from its users' corrections, honestly judged.

    A bank's support inbox: 36 labelled messages make version 1, simulated users rate and correct
    what it answers (half of them never say anything, and a tenth of what they say is wrong), and a
    second turn decides on rows that nobody trains on whether what it learned is better. No key
    and no network: the embedded LM answers. Nothing outside of the demonstration's own home is
    read or written. With --stack its turns are to be seen in Prefect's user interface, and its runs
    and traces in MLflow's, until dspyui down.
    """
    from deployments.demo.example import demo_home, support_routing
    from deployments.demo.show import Show

    example = support_routing()
    show = Show(output.quiet_console() if as_json else output.console())
    kept = keep or (STACK_HOME if stack else None)
    with demo_home(kept) as home, _stack(home, example) if stack else nullcontext() as left_up:
        report = _told(
            example, home, show, seed=seed, kept=kept is not None, stack=left_up, verbose=verbose
        )
    if as_json:
        output.document(report.model_dump(mode="json"))


@contextmanager
def _stack(home: Path, example: Example) -> Iterator[Stack]:
    """A stack of the home and the example's programs; it outlives a block that ends well."""
    from deployments.cli.progress import progress
    from deployments.stack.control import end_stack, start_detached

    os.environ["DSPYUI_WORKSPACE"] = str(example.spec.parents[1])
    with progress("starting the local stack"):
        stack = start_detached(home)
    try:
        yield stack
    except BaseException:
        end_stack(home)
        raise


def _told(
    example: Example,
    home: Path,
    show: Show,
    *,
    seed: int,
    kept: bool,
    stack: Stack | None,
    verbose: bool,
) -> DemoReport:
    """The story, chapter by chapter, under one Prefect server."""
    from deployments.cli.progress import progress
    from deployments.demo.story import Story
    from deployments.prefect_server import prefect_api
    from dspyui_core.workspace import Workspace

    show.opening()
    ws = Workspace.open()
    with prefect_api(home, verbose=verbose) as server:
        story = Story(ws, example, _flow(server), seed=seed)
        with progress("making the databases, starting Prefect, compiling"):
            first = story.turn()
        show.turn(first, "First turn: 36 labelled messages")
        with progress("live traffic") as tell:
            traffic = story.traffic(on_sent=lambda n, of: tell(f"live traffic: {n}/{of} messages"))
            exported = story.exported()
        show.traffic(traffic, exported)
        with progress("taking in what users said"):
            second = story.turn()
        show.turn(second, "Second turn: what users said goes in")
        with progress("asking both versions the test messages"):
            changed = story.changed()
            traced = story.traced(changed)
        show.changed(changed)
        show.traced(traced)
        report = story.report(traffic, exported, changed)
    show.closing(home, story.program, traced, kept=kept, seconds=report.seconds, stack=stack)
    ws.close()
    return report


def _flow(server: PrefectServer) -> RunTurn:
    """The data-flywheel flow; it is imported while the server is getting ready."""

    def run(request: TurnRequest) -> Turn:
        from flows.data_flywheel import data_flywheel

        server.wait()
        turn: Turn = data_flywheel(request)
        return turn

    return run
