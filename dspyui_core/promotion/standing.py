"""What a history of decisions comes to: who may come back, and what a person holds still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dspyui_core.promotion.ledger import Kind, LedgerEntry

__all__ = ["HOLDS", "Standing", "earlier_champions", "named", "standing"]

# Decisions that change nobody who serves: they say what may happen by itself.
HOLDS: Final[frozenset[Kind]] = frozenset({"pause", "resume", "pin", "unpin", "watch"})


@dataclass(frozen=True, slots=True)
class Standing:
    """The decisions that stop automatic promotion now: a pause, a pin, an alias moved by hand."""

    paused: LedgerEntry | None = None
    pinned: LedgerEntry | None = None
    moved: LedgerEntry | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why turns may not promote, with the way out; nothing where they may."""
        told = []
        if self.paused is not None:
            told.append(f"{_told(self.paused)}: dspyui program resume {self.paused.program}")
        if self.pinned is not None:
            told.append(f"{_told(self.pinned)}: dspyui model unpin {self.pinned.program}")
        if self.moved is not None:
            told.append(
                f"the champion alias was moved by hand to {named(self.moved.version)} (decision "
                f"{self.moved.seq}): promote, roll back or acknowledge it by hand to go on"
            )
        return tuple(told)


def standing(history: Sequence[LedgerEntry]) -> Standing:
    """What is paused, pinned or moved by hand, given a program's decisions, the newest first.

    A pin is about the version that serves, and ends where a rollback, or a hand in MLflow, lets
    another one serve.
    """
    last = next((entry for entry in history if entry.kind in ("pause", "resume")), None)
    paused = last if last is not None and last.kind == "pause" else None
    champion = next((entry for entry in history if entry.verdict == "promote"), None)
    moved = champion if champion is not None and champion.kind == "external" else None
    return Standing(paused=paused, pinned=_pinned(history), moved=moved)


def earlier_champions(history: Sequence[LedgerEntry]) -> list[int]:
    """Who served, given a program's decisions, the newest first; the last is the nearest.

    A rollback takes back all that came after the version that it returns to, so that rolling back
    twice goes back two.
    """
    served: list[int] = []
    for entry in reversed(history):
        if entry.verdict != "promote" or entry.version is None:
            continue
        if entry.kind == "rollback" and entry.version in served:
            del served[served.index(entry.version) :]
        served = [version for version in served if version != entry.version]
        served.append(entry.version)
    return served


def _pinned(history: Sequence[LedgerEntry]) -> LedgerEntry | None:
    served: set[int | None] = set()
    for entry in history:
        if entry.kind == "unpin":
            return None
        if entry.kind == "pin":
            return entry if served <= {entry.version} else None
        if entry.verdict == "promote":
            served.add(entry.version)
    return None


def named(version: int | None) -> str:
    """A version in words."""
    return "no version" if version is None else f"version {version}"


def _told(entry: LedgerEntry) -> str:
    what = "paused" if entry.kind == "pause" else f"{named(entry.version)} is pinned"
    return f"{what} by {entry.actor} (decision {entry.seq}, {'; '.join(entry.reasons)})"
