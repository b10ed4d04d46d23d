"""What lies in the inbox: an item, its kinds and its states."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from dspyui_core.records import Record

Kind = Literal["row", "sample", "promotion", "rollback"]
State = Literal["open", "accepted", "rejected", "withdrawn"]
Ruling = Literal["accepted", "rejected", "withdrawn"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class ReviewItem(Record):
    """One thing for a person to decide; the last four are empty while it is open.

    `content` is what a person needs to see of it. `answer` holds the labels that a row or a sample
    was accepted with. What was withdrawn has no need of a decision any more.
    """

    seq: int
    program: str
    kind: Kind
    key: str
    state: State
    content: Mapping[str, Any]
    opened_at: datetime
    actor: str | None = None
    comment: str | None = None
    answer: Mapping[str, Any] | None = None
    decided_at: datetime | None = None
