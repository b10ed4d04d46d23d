"""What people said in MLflow about a trace, in the words of the journal."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from mlflow.entities import Assessment, TraceInfo

from dspyui_core.errors import Problem
from dspyui_core.feedback import RATINGS
from dspyui_core.feedback.checking import Outputs, said, said_problems
from dspyui_core.mirror.naming import (
    ANONYMOUS,
    COMMENT,
    CORRECTION,
    RATING,
    Voter,
    derived,
    marked_voter,
)

_HUMAN: Final = "HUMAN"
_NAMES: Final = (RATING, CORRECTION, COMMENT)
# MLflow's name for who gave none.
_NOBODY: Final = ("", "default", ANONYMOUS)
_LONGEST_NAME: Final = 200
_UP, _DOWN = RATINGS
_RATINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("thumbs_up", "up", "true", "yes", "👍"), _UP),
    **dict.fromkeys(("thumbs_down", "down", "false", "no", "👎"), _DOWN),
}


class UnfitError(Exception):
    """What was said, or the trace it is about, does not fit the program; the text says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """One voter's standing assessments on one trace, by name; the newest where there are several.

    `digest` changes whenever one of them is added, edited or deleted.
    """

    voter: Voter
    parts: Mapping[str, Assessment]

    @property
    def digest(self) -> str:
        parts = sorted(f"{one.assessment_id}@{one.last_update_time_ms}" for one in self._all)
        return derived("\n".join(parts), 32)

    @property
    def at(self) -> datetime:
        """When the voter last changed something."""
        return datetime.fromtimestamp(max(map(_changed, self._all)) / 1000, tz=UTC)

    @property
    def _all(self) -> Iterable[Assessment]:
        return self.parts.values()

    def payload(self, outputs: Outputs) -> dict[str, Any]:
        """As the journal says it. Raises UnfitError naming everything that does not fit."""
        rating, corrected, problems = None, None, list[Problem]()
        if RATING in self.parts:
            value = self.parts[RATING].value
            rating = _RATINGS.get(_word(value), str(value))
        if CORRECTION in self.parts:
            corrected, problems = outputs.check(_read(self.parts[CORRECTION].value))
        comment = _comment(self.parts)
        problems = said_problems(rating, CORRECTION in self.parts, comment) + problems
        if len(self.voter[0] or "") > _LONGEST_NAME:
            problems.append(Problem("user", f"is longer than {_LONGEST_NAME} characters"))
        if problems:
            raise UnfitError("; ".join(map(str, problems)))
        return said(rating, corrected, comment)


def said_there(info: TraceInfo) -> list[Said]:
    """What people said in MLflow itself, by voter; what the mirror put there is left out."""
    found = [one for one in _standing(info) if marked_voter(one.metadata) is None]
    return _by_voter((_voter_there(one), one) for one in found)


def edited_there(info: TraceInfo) -> list[Said]:
    """What the mirror put there, of those voters of whom something was edited since."""
    ours = [(marked_voter(one.metadata), one) for one in _standing(info)]
    touched = {voter for voter, one in ours if one.last_update_time_ms != one.create_time_ms}
    return _by_voter((voter, one) for voter, one in ours if voter is not None and voter in touched)


def _standing(info: TraceInfo) -> Iterator[Assessment]:
    for one in info.assessments:
        human = one.source is not None and one.source.source_type == _HUMAN
        if human and one.name in _NAMES and one.valid is not False:
            yield one


def _voter_there(one: Assessment) -> Voter:
    name = one.source.source_id or ""
    return (None if name in _NOBODY else name), False


def _by_voter(found: Iterable[tuple[Voter, Assessment]]) -> list[Said]:
    parts: dict[Voter, dict[str, Assessment]] = defaultdict(dict)
    for voter, one in sorted(found, key=lambda pair: (_changed(pair[1]), pair[1].assessment_id)):
        parts[voter][one.name] = one
    return [Said(voter, named) for voter, named in parts.items()]


def _changed(one: Assessment) -> int:
    return int(one.last_update_time_ms or one.create_time_ms or 0)


def _word(value: Any) -> str:
    return str(value).strip().lower().replace("-", "_").replace(" ", "_")


def _read(value: Any) -> Any:
    """A correction, also where it is written as JSON text."""
    if isinstance(value, str):
        with suppress(ValueError):
            read = json.loads(value)
            return read if isinstance(read, dict) else value
    return value


def _comment(parts: Mapping[str, Assessment]) -> str | None:
    """The comment; where there is none, the reason given with the rating or the correction."""
    if COMMENT in parts and parts[COMMENT].value not in (None, ""):
        return str(parts[COMMENT].value)
    reasons = [parts[name].rationale for name in (RATING, CORRECTION) if name in parts]
    return next((str(reason) for reason in reasons if reason), None)
