"""Telling a Prefect server what happened, from processes that do not import Prefect.

    with launching() as ws:
        ws.feedback.record_feedback(...)

A server of yours opens its workspace once, with `Workspace.open(launcher=launcher())`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from deployments.prefect_api import api_url, post
from dspyui_core.events import Happened, Launcher, Queued
from dspyui_core.settings import Settings
from dspyui_core.workspace import Workspace
from tasks._events import event_id, labels

# A command waits at its end for what it told to arrive; what did not is found by the schedule.
FLUSH_SECONDS = 2.0


def launcher(settings: Settings | None = None) -> Launcher:
    """Tells the server of PREFECT_API_URL, or the home's live one, in the background; or nobody."""
    chosen = settings or Settings.read()
    return Queued(partial(send_events, chosen.home.resolve()))


@contextmanager
def launching() -> Iterator[Workspace]:
    """The workspace of a command whose deeds are told before it ends."""
    settings = Settings.read()
    ws = Workspace.open(settings=settings, launcher=launcher(settings))
    try:
        yield ws
    finally:
        ws.launcher.flush(FLUSH_SECONDS)


def send_events(home: Path, batch: Sequence[Happened]) -> None:
    """Post events to the server, where there is one. Raises OSError where it does not answer."""
    url = api_url(home)
    if url is not None:
        post(f"{url}/events", [as_event(happened) for happened in batch])


def as_event(happened: Happened) -> dict[str, Any]:
    """An event as Prefect's API takes it; the same happening has the same id."""
    return {
        "id": str(event_id(happened.event, happened.program, happened.payload)),
        "occurred": datetime.now(UTC).isoformat(),
        "event": happened.event,
        "resource": labels(happened.program, happened.payload.get("outcome")),
        "related": [],
        "payload": dict(happened.payload),
    }
