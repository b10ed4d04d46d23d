"""Events as Prefect has them: their names and labels, and telling them from within a run."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

RESOURCE = "prefect.resource.id"
OUTCOME = "dspyui.outcome"
_SAME_HAPPENING = uuid.UUID("7a9e2f7e-5f0c-4d0e-8b57-3c1f7d1e6a10")


class PrefectEvents:
    """The launcher of a run: Prefect's own queue, which is emptied when the process ends."""

    def emit(self, event: str, program: str, payload: Mapping[str, Any]) -> None:
        """Tell it, as something that this run did."""
        from prefect.events import emit_event

        emit_event(
            event,
            labels(program, payload.get("outcome")),
            payload=dict(payload),
            id=event_id(event, program, payload),
        )

    def flush(self, timeout: float) -> bool:
        """Prefect empties its queue itself."""
        return True


def resource_id(program: str) -> str:
    """What an event about a program is about."""
    return f"dspyui.program.{program}"


def labels(program: str, outcome: str | None) -> dict[str, str]:
    """The labels of an event's resource, by which automations choose."""
    named = {RESOURCE: resource_id(program), "prefect.resource.name": program}
    return named if outcome is None else {**named, OUTCOME: outcome}


def event_id(event: str, program: str, payload: Mapping[str, Any]) -> uuid.UUID:
    """The same happening has the same id, so telling it again is not another one."""
    known = (event, program, json.dumps(payload, sort_keys=True))
    return uuid.uuid5(_SAME_HAPPENING, "\n".join(known))
