"""Bursts: more feedback of one user within an hour than is usual for the program."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from dspyui_core.datasets.trust.tails import poisson_threshold
from dspyui_core.datasets.voting.votes import Vote
from dspyui_core.spec import BurstSpec

_HOUR: Final = timedelta(hours=1)
# Fewer hours in which somebody said something do not show what is usual.
_HOURS: Final = 5


@dataclass(frozen=True, slots=True)
class Burst:
    """A vote that came with `count` others of its user within an hour, where `usual` are so many.

    `began` is when the first of them came.
    """

    vote: Vote
    count: int
    usual: float
    began: datetime


def bursts(votes: Iterable[Vote], spec: BurstSpec) -> tuple[Burst, ...]:
    """The votes that came in a burst, by user and time; all who are not authenticated are one.

    What is usual is the median of the hours in which other users said something, or of the user's
    own other hours where that is more: neither is moved by a burst. A count that this rate reaches
    with a chance of at most `spec.error` (Poisson) and at least `spec.minimum_words` is a burst.
    """
    of_party: dict[str, list[Vote]] = defaultdict(list)
    for vote in sorted(votes, key=lambda vote: (vote.at, vote.position)):
        of_party[vote.voter.party].append(vote)
    busy = [party for party, own in of_party.items() if len(own) >= spec.minimum_words]
    if not busy:
        return ()
    hours = {party: _hours(own) for party, own in of_party.items()}
    found: list[Burst] = []
    for party in sorted(busy):
        usual = _usual(party, hours)
        if usual is not None:
            least = max(spec.minimum_words, poisson_threshold(usual, spec.error))
            found += _crowded(of_party[party], least, usual)
    return tuple(found)


def _hours(votes: Sequence[Vote]) -> list[int]:
    """How many votes came in each hour that had any."""
    counts = Counter(int(vote.at.timestamp() // _HOUR.total_seconds()) for vote in votes)
    return sorted(counts.values())


def _usual(party: str, hours: Mapping[str, Sequence[int]]) -> float | None:
    """The usual votes in an hour, None where nobody can say."""
    others = [count for other, own in hours.items() if other != party for count in own]
    # Its own busiest hour is what is in question.
    own = hours[party][:-1]
    rates = [median(counts) for counts in (others, own) if len(counts) >= _HOURS]
    return max(rates) if rates else None


def _crowded(votes: Sequence[Vote], least: int, usual: float) -> Iterator[Burst]:
    """The votes, in the order of time, that lie in some hour with at least so many."""
    first, told = 0, 0
    for last, vote in enumerate(votes):
        while vote.at - votes[first].at >= _HOUR:
            first += 1
        count = last - first + 1
        if count >= least:
            for place in range(max(first, told), last + 1):
                yield Burst(votes[place], count, usual, votes[first].at)
            told = last + 1
