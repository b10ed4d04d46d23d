"""The parts of a program spec on when its turns start by themselves: by the clock, by feedback."""

from __future__ import annotations

import difflib
from typing import Any, Self
from zoneinfo import available_timezones

from pydantic import Field as Slot
from pydantic import field_validator, model_validator

from dspyui_core.spec.base import Section
from dspyui_core.spec.cron import cron_problem


class ScheduleSpec(Section):
    """When the clock starts a turn: at the times of a cron line, or after an interval."""

    cron: str | None = Slot(None, description="Minute, hour, day, month, weekday: `0 2 * * *`.")
    interval: int | None = Slot(
        None, ge=60, description="Seconds from one start to the next, instead of cron."
    )
    timezone: str = Slot("UTC", description="IANA name of the zone that the times are in.")

    @model_validator(mode="before")
    @classmethod
    def _from_a_cron_line(cls, value: Any) -> Any:
        return {"cron": value} if isinstance(value, str) else value

    @field_validator("cron")
    @classmethod
    def _comes_round(cls, line: str | None) -> str | None:
        problem = "" if line is None else cron_problem(line)
        if problem:
            raise ValueError(problem)
        return line

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        zones = available_timezones()
        if name in zones:
            return name
        near = difflib.get_close_matches(name, sorted(zones), n=1)
        meant = f"did you mean {near[0]!r}?" if near else "write it like 'Europe/Berlin', or 'UTC'"
        raise ValueError(f"is no time zone that is known here; {meant}")

    @model_validator(mode="after")
    def _says_when_once(self) -> Self:
        if (self.cron is None) == (self.interval is None):
            raise ValueError("takes one of cron and interval")
        return self


class TriggerSpec(Section):
    """When feedback starts a turn; the turn itself reads in the journal what is really new."""

    feedback: int = Slot(20, ge=1, description="Pieces of feedback that start a turn.")
    within: int = Slot(
        3600,
        ge=10,
        le=604_800,
        description="Seconds in which they come; from the first on, one turn is started in them.",
    )
    debounce: int = Slot(
        5, ge=0, le=3600, description="Seconds to wait then, so that the rest of a burst is in it."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_yes(cls, value: Any) -> Any:
        return {} if value is True else value

    @property
    def words(self) -> str:
        """The trigger in words."""
        return f"{self.feedback} pieces of feedback within {self.within} s"
