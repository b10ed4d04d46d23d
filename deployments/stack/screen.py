"""Owns how a stack looks to a person: one screen with addresses, or a line for each change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployments.stack.state import ServiceState, Stack
from deployments.stack.supervisor import Told

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

COLOURS = {
    "up": "green",
    "done": "green",
    "elsewhere": "green",
    "starting": "yellow",
    "restarting": "red",
    "ended": "dim",
    "waiting": "dim",
}
WORDS = {
    "starting": "starting",
    "up": "up",
    "stopping": "ending",
    "failed": "did not start",
    "died": "was killed: dspyui up starts it again, dspyui down cleans up",
}
LONGEST_NOTE = 300


def as_text(stack: Stack) -> str:
    """The stack as lines of text."""
    return "\n".join([_title(stack), *(f"  {_line(service)}" for service in stack.services)])


def changes(say: Callable[[str], None]) -> Told:
    """Says a line for each service whose status changes, and for the stack itself."""
    told: dict[str, str] = {}

    def hear(stack: Stack) -> None:
        news = {service.name: _line(service) for service in stack.services}
        news[""] = _title(stack)
        for name, line in news.items():
            if told.get(name, "") != line and "waiting" not in line.split():
                say(line)
        told.update(news)

    return hear


@contextmanager
def live(console: Console, home: Path) -> Iterator[Told]:
    """One screen that follows the stack until the block ends."""
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=False) as shown:
        yield lambda stack: shown.update(_screen(stack, home), refresh=True)


def _screen(stack: Stack, home: Path) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for service in stack.services:
        table.add_row(
            Text(f"  {service.name}", style="bold"),
            Text(service.status, style=COLOURS[service.status]),
            Text(service.address or "", style="cyan"),
            Text(_told(service), style="" if service.note else "dim"),
        )
    end = f"  logs: {home / 'logs'}   Ctrl-C ends all of it"
    return Group(Text(_title(stack), style="bold"), table, Text(end, style="dim"))


def _title(stack: Stack) -> str:
    title = f"stack: {WORDS[stack.status]}"
    if stack.status in ("starting", "up"):
        began = stack.since.astimezone()
        title += f", process {stack.process.pid} since {began:%Y-%m-%d %H:%M}"
    return "; ".join(filter(None, (title, _shortened(stack.problem), stack.note)))


def _line(service: ServiceState) -> str:
    address = f"  {service.address}" if service.address else ""
    return f"{service.name}: {service.status}{address}  {_told(service)}"


def _told(service: ServiceState) -> str:
    times = "once" if service.restarts == 1 else f"{service.restarts} times"
    again = f"started again {times}; " if service.restarts else ""
    return again + (_shortened(service.note) or service.what)


def _shortened(note: str) -> str:
    words = " ".join(note.split())
    return words if len(words) <= LONGEST_NOTE else f"{words[: LONGEST_NOTE - 1]}…"
