"""What the journal says of a champion on trial and of the one before it, as a watch compares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Final

import numpy as np

from dspyui_core.comparison.sequential import Counts, Outcomes
from dspyui_core.feedback import says_good
from dspyui_core.promotion import Trial, WatchEvidence
from dspyui_core.review import REVIEWED
from dspyui_core.spec import WatchSpec
from dspyui_core.store.measured import Measured, measured_answers, newest_measured
from dspyui_core.store.words import Window, Word
from dspyui_core.workspace import Workspace

__all__ = ["read_evidence"]

# Answers that are compared: so many of the champion's first ones, and of the last ones before it.
_SINCE: Final = 10_000
_BEFORE: Final = 1_000
_DECILES: Final = 10
# Seconds: whether people rate at once or within the hour is no change of what they rate.
_LEAST_DELAY: Final = 3_600.0


def read_evidence(
    ws: Workspace, found: Trial, policy: WatchSpec, *, at_once: bool, now: datetime
) -> WatchEvidence:
    """What happened since the champion was promoted, against what was known before.

    With `at_once` the champion before still answers a part of the users, and only what it did since
    the promotion is compared: then a change in what users ask or say cannot look like harm.
    """
    start = found.position
    watched = [found.champion, found.predecessor] if at_once else [found.champion]
    since = measured_answers(ws.engine, found.program, watched, since=start, limit=_SINCE)
    before = newest_measured(ws.engine, found.program, found.predecessor, upto=start, limit=_BEFORE)
    words = list(_words(ws, found, start, watched))
    earlier = [] if at_once else _earlier(ws, found, start, policy.earlier)
    return WatchEvidence(
        ratings=_ratings(found, words, earlier),
        failures=_failures(found, since, [] if at_once else before),
        latency=_latency(found, since, before, policy.max_latency),
        rated=_rated(ws, found, start, since, before, words, now=now),
    )


def _words(ws: Workspace, found: Trial, start: int, versions: Sequence[int]) -> Iterator[Word]:
    """What users said last of the answers that these versions gave since the promotion."""
    window = Window(found.program, since=start, upto=ws.journal.last_position())
    for word in ws.journal.words(window):
        if word.answer.version in versions and word.answer.position > start:
            yield word


def _earlier(ws: Workspace, found: Trial, start: int, limit: int) -> list[Word]:
    """The newest words on the predecessor's answers, as they were before the promotion."""
    window = Window(found.program, since=0, upto=start, version=found.predecessor)
    spare = ws.journal.count_words(window) - limit
    if spare > 0:
        window = replace(window, since=ws.journal.end_of_words(window, spare))
    return list(ws.journal.words(window))


def _ratings(found: Trial, words: Iterable[Word], earlier: Iterable[Word]) -> Outcomes:
    said = [(word.answer.version == found.champion, _good(word)) for word in words]
    known = [good for good in map(_good, earlier) if good is not None]
    spoken = [(ours, good) for ours, good in said if good is not None]
    return _outcomes(spoken, Counts(sum(known), len(known)))


def _good(word: Word) -> bool | None:
    """What a user's word says; a reviewer labels what is in doubt, which is no rating."""
    payload = word.feedback.payload
    return None if payload.get(REVIEWED) else says_good(payload)


def _failures(found: Trial, since: Sequence[Measured], before: Sequence[Measured]) -> Outcomes:
    known = Counts(sum(not answer.failed for answer in before), len(before))
    return _outcomes([(a.version == found.champion, not a.failed) for a in since], known)


def _latency(
    found: Trial, since: Sequence[Measured], before: Sequence[Measured], most: float | None
) -> Outcomes | None:
    """Which answers took at most `most` times the predecessor's median; None where none is asked.

    Where its true median lies among all its answers, half of the counted ones say: that is a
    Beta(n / 2, n / 2) distribution (David and Nagaraja 2003, "Order statistics", section 2.1).
    """
    known = [a.latency_ms for a in before if a.latency_ms is not None and not a.failed]
    if most is None or not known:
        return None
    limit = most * median(known)
    ours = [
        (True, answer.latency_ms <= limit)
        for answer in since
        if answer.version == found.champion and not answer.failed and answer.latency_ms is not None
    ]
    return _outcomes(ours, Counts(len(known) / 2, len(known)))


def _rated(
    ws: Workspace,
    found: Trial,
    start: int,
    since: Sequence[Measured],
    before: Sequence[Measured],
    words: Sequence[Word],
    *,
    now: datetime,
) -> Outcomes | None:
    """Which answers were rated in the time that nine ratings in ten took before the promotion.

    That is an hour at least. Answers that had less time do not count. None where there is nothing
    to compare with: hardly anybody rated before, or all answers are too new.
    """
    window = Window(
        found.program,
        since=before[-1].position if before else start,
        upto=start,
        version=found.predecessor,
    )
    delays = _delays(ws.journal.words(window))
    if len(delays) < _DECILES:
        return None
    within = max(quantiles(delays.values(), n=_DECILES)[-1], _LEAST_DELAY)
    then = _rated_of(before, delays, within, until=found.since)
    if not then:
        return None
    marks = _rated_of(since, _delays(words), within, until=now)
    champions = [(answer.version == found.champion, mark) for answer, mark in marks]
    return _outcomes(champions, Counts(sum(mark for _, mark in then), len(then)))


def _delays(words: Iterable[Word]) -> Mapping[str, float]:
    """By trace, the seconds from its answer to what was said of it first."""
    found: dict[str, float] = {}
    for word in words:
        delay = (word.feedback.at - word.answer.at).total_seconds()
        found[word.answer.trace_id] = min(delay, found.get(word.answer.trace_id, delay))
    return found


def _rated_of(
    answers: Iterable[Measured], delays: Mapping[str, float], within: float, *, until: datetime
) -> list[tuple[Measured, bool]]:
    last = until - timedelta(seconds=within)
    return [
        (answer, delays.get(answer.trace_id, float("inf")) <= within)
        for answer in answers
        if answer.at <= last
    ]


def _outcomes(found: Sequence[tuple[bool, bool]], before: Counts) -> Outcomes:
    ours, good = (np.array([pair[side] for pair in found], dtype=bool) for side in (0, 1))
    return Outcomes(good=good, ours=ours, before=before)
