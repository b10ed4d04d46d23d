"""What a history of decisions says of a new champion: is it on trial, and what was taken back?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dspyui_core.promotion.ledger import Kind, LedgerEntry
from dspyui_core.promotion.standing import earlier_champions

__all__ = ["Trial", "stays_behind", "taken_back", "trial"]

_RELEASES: Final[frozenset[Kind]] = frozenset({"turn", "promotion"})
_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """A champion that was promoted by `decision` at `since`, and the `predecessor` it replaced.

    What the journal has after `position` came later, whatever the clock said. It is `over` once the
    watch found it fine.
    """

    program: str
    decision: int
    champion: int
    predecessor: int
    since: datetime
    position: int
    over: bool


def trial(history: Sequence[LedgerEntry]) -> Trial | None:
    """The trial of the present champion, given a program's decisions, the newest first.

    None for the first champion, and where a rollback or a hand in MLflow made it the champion.
    """
    made = next((entry for entry in history if entry.verdict == "promote"), None)
    if made is None or made.kind not in _RELEASES or made.version is None:
        return None
    before = earlier_champions(history)[:-1]
    if not before:
        return None
    over = any(entry.kind == "watch" and entry.seq > made.seq for entry in history)
    return Trial(made.program, made.seq, made.version, before[-1], made.at, made.position, over)


def taken_back(history: Sequence[LedgerEntry], version: int) -> LedgerEntry | None:
    """The rollback that took a version back, unless it was promoted by hand since."""
    found: LedgerEntry | None = None
    for entry in reversed(history):
        if entry.verdict != "promote":
            continue
        if entry.version == version:
            found = None
        elif entry.kind == "rollback" and version in _since(history, entry):
            found = entry
    return found


def stays_behind(found: Trial, share: float, key: str) -> bool:
    """Whether the predecessor still answers this user, or this trace where nobody is named.

    The same key gets the same answer for as long as the trial lasts, on every machine; another
    trial draws anew. `share` is 0..1.
    """
    if found.over or share <= 0:
        return False
    drawn = hashlib.sha256(f"{found.program}:{found.decision}:{key}".encode()).hexdigest()
    return int(drawn[:_DIGITS], 16) < share * 16**_DIGITS


def _since(history: Sequence[LedgerEntry], rollback: LedgerEntry) -> set[int | None]:
    """The versions that served after the one that a rollback returns to, and until it did."""
    before = [entry for entry in history if entry.seq < rollback.seq]
    served = earlier_champions(before)
    if rollback.version in served:
        return set(served[served.index(rollback.version) + 1 :])
    return set(served[-1:])
