"""Statistics of feedback: how much of what a program answered was rated, and how."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.records import Record
from dspyui_core.store.journal import Journal, Tally


class FeedbackStats(Record):
    """What the latest word of each user on each answer comes to, of one version that answered.

    `rated` counts answers that somebody's word is on, `share` is their part of all, 0..1; `users`
    counts those with a name, `retracted` those who took all they said of an answer back.
    """

    version: int | None
    predictions: int
    rated: int
    share: float
    up: int
    down: int
    corrected: int
    retracted: int
    users: int
    position: int
    at: datetime | None


class ProgramStats(FeedbackStats):
    """The same of a whole program, where `version` is None, and of each version that answered."""

    program: str
    versions: tuple[FeedbackStats, ...]


def feedback_stats(journal: Journal, program: str | None = None) -> tuple[ProgramStats, ...]:
    """The statistics of a program, or of all that answered, by name.

    Raises ModelNotFoundError for one that never answered.
    """
    known = journal.programs()
    if program is not None and program not in known:
        raise ModelNotFoundError(program, hint="nothing was predicted: dspyui status")
    return tuple(_stats(journal, name) for name in known if program in (None, name))


def _stats(journal: Journal, program: str) -> ProgramStats:
    total, versions = journal.tally(program)
    each = tuple(FeedbackStats(**_counts(one)) for one in versions)
    return ProgramStats(program=program, versions=each, **_counts(total))


def _counts(one: Tally) -> dict[str, object]:
    share = one.rated / one.predictions if one.predictions else 0.0
    return {**asdict(one), "share": share}
