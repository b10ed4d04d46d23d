"""Promotions that wait for a person and rollbacks to look at: the inbox follows the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from dspyui_core.review.inbox import Inbox
from dspyui_core.review.items import ReviewItem, Ruling

# Decisions after which the waiting challenger is another one, or none.
_MOVING = ("turn", "promotion", "rollback")


class Decided(Protocol):
    """What is looked at of a decision of the ledger."""

    @property
    def seq(self) -> int: ...
    @property
    def program(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def version(self) -> int | None: ...
    @property
    def actor(self) -> str: ...
    @property
    def reasons(self) -> Sequence[str]: ...


def await_approval(
    inbox: Inbox, program: str, version: int, turn_id: str, content: dict[str, Any]
) -> ReviewItem:
    """Open the item of a version that a turn asks about, and withdraw every other one.

    A version that a person has decided about is asked about once more, in an item of its own.
    """
    told = {"version": version, "turn": turn_id, **content}
    item = inbox.open_item(program, "promotion", str(version), told)
    if item.state != "open":
        item = inbox.open_item(program, "promotion", f"{version} of {turn_id}", told)
    newer = f"version {version} waits instead"
    inbox.withdraw(program, "promotion", keep=(item.key,), comment=newer)
    return item


def follow(inbox: Inbox, entry: Decided, *, before: int | None = None) -> None:
    """Close the waiting promotions that a decision settles, and show a rollback to people.

    `before` is the version that served until then. Repeating it changes nothing.
    """
    reason = "; ".join(entry.reasons)
    for item in inbox.items(program=entry.program, kind="promotion", state="open"):
        ruling = _ruling(item, entry)
        if ruling is not None:
            inbox.close(item.seq, ruling, actor=entry.actor, comment=reason)
    if entry.kind == "rollback":
        told = {"version": entry.version, "instead_of": before, "actor": entry.actor}
        content = {"decision": entry.seq, **told, "reasons": list(entry.reasons)}
        inbox.open_item(entry.program, "rollback", str(entry.seq), content)


def _ruling(item: ReviewItem, entry: Decided) -> Ruling | None:
    """What a decision means for a waiting promotion; None where it goes on waiting."""
    is_it = item.content.get("version") == entry.version
    if entry.kind not in _MOVING:
        return None
    if entry.verdict == "promote":
        return "accepted" if is_it else "withdrawn"
    if entry.verdict == "refuse" and entry.kind == "promotion" and is_it:
        return "rejected"
    return None
