"""What things are called on both sides: ids that derive from the journal, our keys in MLflow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from dspyui_core.store.journal import Entry

CONSUMER: Final = "mirror"
ANONYMOUS: Final = "anonymous"
# Keys of assessments' metadata and of traces' tags.
POSITION: Final = "dspyui.position"
USER: Final = "dspyui.user"
AUTHENTICATED: Final = "dspyui.authenticated"
TRACE: Final = "dspyui.trace"
VERSION: Final = "dspyui.version"
RATING, CORRECTION, COMMENT = "user_rating", "corrected_output", "comment"
# Marks the payload of what was picked up from MLflow, which is not written back.
ORIGIN: Final = "origin"
MLFLOW: Final = "mlflow"
_OURS = re.compile(r"tr-[0-9a-f]{32}")

Voter = tuple[str | None, bool]


def mlflow_trace_id(trace_id: str) -> str:
    """The id a trace has in MLflow: the same where MLflow takes it, else derived from it."""
    if _OURS.fullmatch(trace_id):
        return trace_id
    return f"tr-{derived(trace_id, 32)}"


def journal_trace_id(trace_id: str, tags: Mapping[str, str]) -> str:
    """The id that a trace of MLflow has in the journal."""
    return tags.get(TRACE, trace_id)


def derived(text: str, length: int) -> str:
    """So many hex digits, the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def is_from_mlflow(entry: Entry) -> bool:
    """Whether an entry was picked up from MLflow."""
    return entry.payload.get(ORIGIN) == MLFLOW


def marks_of(entry: Entry) -> dict[str, str]:
    """The metadata of assessments made from an entry."""
    user, authenticated = entry.voter
    return {
        POSITION: str(entry.position),
        USER: user or ANONYMOUS,
        AUTHENTICATED: "true" if authenticated else "false",
    }


def marked_voter(metadata: Mapping[str, Any] | None) -> Voter | None:
    """Whose feedback an assessment was made from, None where it was not made by the mirror."""
    if not metadata or POSITION not in metadata or USER not in metadata:
        return None
    user = metadata[USER]
    return (None if user == ANONYMOUS else user), metadata.get(AUTHENTICATED) == "true"
