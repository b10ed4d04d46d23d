"""Rated answers: what people together say of each recorded answer, good or not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from dspyui_core.store.journal import Journal
from dspyui_core.store.words import Window

__all__ = ["Rated", "RatedAnswer", "rated_answers", "says_good"]

_GOOD = "thumbs_up"
_PAGE = 500
_NOTHING: tuple[Any, ...] = (None, "", {})


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """A recorded answer, and whether most who rated it found it good."""

    trace_id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    good: bool


@dataclass(frozen=True, slots=True)
class Rated:
    """Rated answers, the newest rating first; of `disputed` ones as many say good as say bad."""

    answers: tuple[RatedAnswer, ...]
    disputed: int


def rated_answers(journal: Journal, program: str, *, limit: int, upto: int | None = None) -> Rated:
    """The `limit` answers of a program that were rated last, with the latest word of each user.

    Nothing that was said after the journal position `upto` counts. A correction without a rating
    says that the answer is bad. Answers that failed are left out.
    """
    end = journal.last_position(program) if upto is None else upto
    votes = _votes(journal, Window(program=program, since=0, upto=end))
    agreed = {trace: ups > downs for trace, (ups, downs) in votes.items() if ups != downs}
    found = (
        RatedAnswer(trace, payload["inputs"], payload["outputs"], agreed[trace])
        for trace, payload in _payloads(journal, list(agreed)[::-1])
        if payload.get("outputs") and not payload.get("error")
    )
    return Rated(tuple(islice(found, limit)), len(votes) - len(agreed))


def says_good(payload: Mapping[str, Any]) -> bool | None:
    """Whether a word finds its answer good; None where it says neither.

    A correction without a rating says that it is bad.
    """
    rating = payload.get("rating")
    if rating is None and payload.get("corrected_output") in _NOTHING:
        return None
    return bool(rating == _GOOD)


def _votes(journal: Journal, window: Window) -> dict[str, tuple[int, int]]:
    """By trace how many say good, and how many bad, in the order of the latest word on each."""
    said: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for word in journal.words(window):
        good = says_good(word.feedback.payload)
        if good is None:
            continue
        trace = word.answer.trace_id
        votes = said.pop(trace, Counter())
        votes[good] += 1
        said[trace] = votes
    return {trace: (votes[True], votes[False]) for trace, votes in said.items()}


def _payloads(journal: Journal, traces: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for start in range(0, len(traces), _PAGE):
        page = traces[start : start + _PAGE]
        entries = journal.find_predictions(page)
        yield from ((trace, entries[trace].payload) for trace in page if trace in entries)
