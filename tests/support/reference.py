"""Owns the journal, the fold and the export as one would write them down on one page: plain dicts.

What a store does with files, transactions and SQL has to come to the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

Voter = tuple[str | None, bool]


class RefusedError(Exception):
    """What would not be recorded."""


class Row(NamedTuple):
    """A row of a feedback file."""

    trace: str
    user: str | None
    said: Mapping[str, Any]
    key: str | None = None


class Reference:
    """Entries in order, (trace, voter, what); the first under a key is the one."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Voter | None, Mapping[str, Any]]] = []
        self.keys: dict[str, int] = {}
        self.marks: Counter[str] = Counter()

    def record(self, key: str, trace: str, voter: Voter | None, what: Mapping[str, Any]) -> int:
        """The position of an answer (`voter` is None) or a word; a repeat has the first one's."""
        place = self.keys.get(key)
        if place is None:
            silent = voter is not None and what.get("retracted") and not self._said(trace, voter)
            if silent or (voter is not None and f"answer {trace}" not in self.keys):
                raise RefusedError(key)
            self.entries.append((trace, voter, what))
            self.keys[key] = len(self.entries)
        elif _content(*self.entries[place - 1]) != _content(trace, voter, what):
            raise RefusedError(key)
        return self.keys[key]

    def take_in(self, rows: Iterable[Row], authenticated: bool) -> tuple[int, int, int]:
        """Import rows, all or none: how many are new, there before, and overtaken since."""
        after, said, last = deepcopy(self), {}, {}
        for trace, user, what, key in (rows := list(rows)):
            voter = (user, authenticated and user is not None)
            words = said.setdefault((trace, voter), [])
            if words[-1:] != [what]:
                words.append(what)
            own = f"word {key}" if key else f"{trace} {voter} {what} {words.count(what)}"
            after.record(own, trace, voter, what)
            last[trace, voter] = key, what
        latest = {(trace, voter): what for _, trace, voter, what in after.words(retracted=True)}
        stale = sum(not key and latest[at] != what for at, (key, what) in last.items())
        new = len(after.entries) - len(self.entries)
        self.__dict__ = after.__dict__
        return new, len(rows) - new - stale, stale

    def words(self, since: int = 0, *, retracted: bool = False) -> list[Any]:
        """The latest word of each voter on each answer: position, trace, voter, what."""
        latest = {
            (trace, voter): (place, trace, voter, what)
            for place, (trace, voter, what) in enumerate(self.entries, 1)
            if voter is not None
        }
        standing = (w for w in latest.values() if retracted or not w[3].get("retracted"))
        return sorted((w for w in standing if w[0] > since), key=lambda word: word[0])

    def exported(self, since: int = 0) -> list[dict[str, Any]]:
        """A row per word, corrected where it corrects."""
        return [
            {"trace_id": trace, "user_id": voter[0], "position": place, **self._answer(trace)}
            | {"rating": what["rating"], "comment": what["comment"]}
            | (what["corrected_output"] or {})
            for place, trace, voter, what in self.words(since)
        ]

    def piece(self, consumer: str, limit: int | None) -> list[dict[str, Any]]:
        """What a consumer has not had yet; from now on it has."""
        rows = self.exported(self.marks[consumer])[:limit]
        self.marks[consumer] = rows[-1]["position"] if rows else self.marks[consumer]
        return rows

    def fold(self) -> dict[str, tuple[str, str]]:
        """By text, the topic that its voters elect, and the trust in it."""
        ballots: dict[str, dict[Any, list[Any]]] = {}
        for word in self.words():
            _, trace, voter, what = word
            if what["corrected_output"] or what["rating"] == "thumbs_up":
                who = voter if voter[0] is not None else (trace, False, "nobody")
                ballot = ballots.setdefault(self._answer(trace)["text"], {})
                ballot.setdefault(who, []).append(word)
        elected = {}
        for text, ballot in ballots.items():
            said = {who: self._topic(words[-1]) for who, words in ballot.items()}
            sure = Counter(topic for who, topic in said.items() if who[1])
            if confirmed := {topic: n for topic, n in sure.items() if n > 1}:
                first, *others = Counter(confirmed).most_common(2)
                if not others or others[0][1] < first[1]:
                    elected[text] = first[0], "confirmed"
                continue
            runs = [self._run(words) for words in ballot.values()]
            since, _, stands = min(runs)
            if all(topic == stands or asked > since for _, asked, topic in runs):
                elected[text] = stands, "proposed"
        return elected

    def _topic(self, word: Any) -> str:
        _, trace, _, what = word
        return {**self._answer(trace), **(what["corrected_output"] or {})}["topic"]

    def _run(self, words: list[Any]) -> tuple[int, int, str]:
        """Since when a voter says their topic of a text, about which answer, and the topic."""
        topic = self._topic(words[-1])
        since, trace = words[-1][:2]
        for word in reversed(words):
            if self._topic(word) != topic:
                break
            trace = word[1]
            since = self._first_said(word, topic)
        return since, self.keys[f"answer {trace}"], topic

    def _first_said(self, word: Any, topic: str) -> int:
        """The first of the entries that say a topic of an answer without another one between."""
        place, trace, voter, _ = word
        own = [
            (at, what)
            for at, (about, who, what) in enumerate(self.entries, 1)
            if (about, who) == (trace, voter) and at <= place
        ]
        for at, what in reversed(own):
            says = what.get("corrected_output") or what.get("rating") == "thumbs_up"
            if not says or self._topic((at, trace, voter, what)) != topic:
                break
            place = at
        return place

    def _answer(self, trace: str) -> Mapping[str, Any]:
        return self.entries[self.keys[f"answer {trace}"] - 1][2]

    def _said(self, trace: str, voter: Voter) -> bool:
        return any(entry[:2] == (trace, voter) for entry in self.entries)


def _content(trace: str, voter: Voter | None, what: Mapping[str, Any]) -> tuple[Any, ...]:
    return trace, voter and voter[0], what
