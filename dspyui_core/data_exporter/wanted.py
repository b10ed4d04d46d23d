"""What of the feedback an export is to hold: ratings, times, versions, and for which consumer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from dspyui_core.errors import InputError
from dspyui_core.feedback import RATINGS

FILTERS = ("rating", "since", "until", "version")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted; None means all of it.

    `since` and `until` are times of the feedback, both included; `version` is the one that
    answered; `limit` takes the oldest rows. With a `consumer`, only what it has not had. Then
    `limit` is all that goes with it: what a filter leaves out would count as had.
    """

    rating: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    version: int | None = None
    limit: int | None = None
    consumer: str | None = None

    def check(self) -> None:
        """Raise InputError where nothing can be exported like this."""
        refuse_unknown("rating", self.rating, (None, *RATINGS))
        if self.since is not None and self.until is not None and self.since > self.until:
            raise InputError(
                f"since {self.since.isoformat()} is after until {self.until.isoformat()}",
                hint="exchange them",
            )
        if self.consumer is not None and not self.consumer.strip():
            raise InputError("the consumer has no name", hint="name it as who receives the rows")
        given = [name for name in FILTERS if getattr(self, name) is not None]
        if self.consumer is not None and given:
            raise InputError(
                f"consumer {self.consumer!r} together with {', '.join(given)}: what a filter "
                "leaves out would never reach that consumer",
                hint="leave out the consumer, or filter what it receives; a limit is allowed",
            )


def moment(text: str, *, end: bool = False) -> datetime:
    """The time that a date (2025-01-31) or an ISO 8601 timestamp says; UTC where it names no zone.

    A date means its first instant, or its last one where it is the `end` of a period. Raises
    ValueError that says what to write.
    """
    try:
        return _whole_day(date.fromisoformat(text), end)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: write a date, 2025-01-31, or a timestamp, 2025-01-31T08:00:00Z"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def refuse_unknown(what: str, value: str | None, allowed: tuple[str | None, ...]) -> None:
    """Raise InputError for a value that is not among the allowed ones."""
    if value not in allowed:
        words = ", ".join(word for word in allowed if word)
        raise InputError(f"no {what} {value!r}", hint=f"{what}s: {words}")


def _whole_day(day: date, end: bool) -> datetime:
    return datetime.combine(day, time.max if end else time.min, tzinfo=UTC)
