"""What provisioning works with: deployments as prefect.yaml has them and as a server is to have."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from dspyui_core.records import Record

Collision = Literal["ENQUEUE", "CANCEL_NEW"]


class ClockTime(Record):
    """When the clock starts a run: by cron line or after `interval` seconds, in a time zone.

    `request` is that of its runs, None for the deployment's.
    """

    slug: str
    cron: str | None = None
    interval: int | None = None
    timezone: str = "UTC"
    active: bool = True
    request: dict[str, Any] | None = None


class Template(Record):
    """A deployment of prefect.yaml; `entrypoint` is the flow's, as a module path."""

    name: str
    entrypoint: str
    tags: tuple[str, ...]
    pool: str
    schedules: tuple[ClockTime, ...] = ()
    limit: int | None = None
    collision: Collision | None = None


class Trigger(Record):
    """The feedback on a program that starts a run: how much, in how many seconds, and the wait."""

    program: str
    feedback: int
    within: int
    debounce: int


class Wanted(Template):
    """A deployment as a server is to have it: of any program, or of one.

    `limits` names the global limit that its runs hold, `trigger` the feedback that starts one.
    """

    flow: str
    description: str
    folder: Path
    program: str | None = None
    request: dict[str, Any] | None = None
    trigger: Trigger | None = None

    @property
    def label(self) -> str:
        """Its name as Prefect says it: the flow's, and its own."""
        return f"{self.flow}/{self.name}"


class Provisioned(Record):
    """What was done to a Prefect server; each piece is told as its kind and name.

    With `dry_run` it is what would have been done.
    """

    api_url: str
    workspace: Path
    programs: tuple[str, ...]
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    dry_run: bool = False
