"""Votes: what each user's latest valid feedback says the answer to an input is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.voting.words import Word, WordReader
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry

# Whoever is not authenticated may be anybody, and one person may be all of them.
UNAUTHENTICATED: Final = "all who are not authenticated"


@dataclass(frozen=True, slots=True)
class Voter:
    """Who speaks: a name that was only claimed is another voter than the same one authenticated."""

    name: str
    authenticated: bool

    @property
    def party(self) -> str:
        """Whose word it counts as: all who are not authenticated are one."""
        return self.name if self.authenticated else UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's row for one input; `corrects` says whether it is another than the answer.

    `since` is the journal position from which on they say so of every answer to this input, first
    of the one at position `asked`; that was the program's feedback `number` (1, 2, ...). They said
    it last `at` a time.
    """

    row: Row
    voter: Voter
    since: int
    asked: int
    number: int
    at: datetime
    corrects: bool

    @property
    def position(self) -> int:
        """The journal position of the feedback."""
        return self.row.position or 0


@dataclass(frozen=True, slots=True)
class Heard:
    """The votes in the order of their positions, and what could not be taken as one.

    `superseded` counts feedback that its own user replaced or withdrew later.
    """

    votes: tuple[Vote, ...]
    findings: tuple[Finding, ...]
    superseded: int


@dataclass(frozen=True, slots=True)
class _Collected:
    """The predictions by trace, what each voter said about each, and feedback's numbers."""

    predictions: Mapping[str, Entry]
    spoken: Mapping[tuple[str, Voter], Sequence[Entry]]
    numbers: Mapping[int, int]

    def vote(self, voter: Voter, words: Sequence[Word]) -> Vote:
        """The vote of one voter's words on one input, in the order of their positions."""
        latest = words[-1]
        first = latest.first
        for word in reversed(words):
            if word.row.row_id != latest.row.row_id:
                break
            first = word.first
        return Vote(
            latest.row,
            voter,
            since=first.position,
            asked=self.predictions[first.trace_id].position,
            number=self.numbers[first.position],
            at=latest.last.at,
            corrects=latest.corrects,
        )


def hear(spec: ProgramSpec, entries: Iterable[Entry], *, upto: int) -> Heard:
    """The latest valid feedback per (trace, user) up to a position, one vote per input and user.

    A correction says its output over the predicted one, thumbs_up confirms the prediction;
    thumbs_down alone and a retraction are valid and say no row. Feedback that is not valid is a
    finding, unless the same user replaced it.
    """
    collected = _collected(spec, entries, upto)
    reader = WordReader(spec, collected.predictions)
    words: dict[tuple[str, Voter], list[Word]] = defaultdict(list)
    findings: list[Finding] = []
    superseded = 0
    for (_, voter), said in collected.spoken.items():
        latest = reader.latest(said)
        findings += latest.findings
        superseded += latest.replaced
        if latest.word is not None:
            words[latest.word.row.key, voter].append(latest.word)
    votes = []
    for (_, voter), own in words.items():
        superseded += len(own) - 1
        votes.append(collected.vote(voter, sorted(own, key=lambda word: word.last.position)))
    ordered = sorted(votes, key=lambda vote: vote.position)
    return Heard(tuple(ordered), tuple(findings), superseded)


def _collected(spec: ProgramSpec, entries: Iterable[Entry], upto: int) -> _Collected:
    predictions: dict[str, Entry] = {}
    spoken: dict[tuple[str, Voter], list[Entry]] = defaultdict(list)
    numbers: dict[int, int] = {}
    counted = (e for e in entries if e.position <= upto and e.program == spec.name)
    for entry in sorted(counted, key=lambda entry: entry.position):
        if entry.kind == "prediction":
            predictions[entry.trace_id] = entry
        else:
            spoken[entry.trace_id, _voter(entry)].append(entry)
            numbers[entry.position] = len(numbers) + 1
    return _Collected(predictions, spoken, numbers)


def _voter(entry: Entry) -> Voter:
    # Nobody knows whether two nameless people are one, so each trace has its own.
    name = f"trace {entry.trace_id}" if entry.user_id is None else f"user {entry.user_id}"
    return Voter(name, entry.authenticated and entry.user_id is not None)


def with_origin(first: Row, last: Row) -> Row:
    """The row as first said, dated and signed by who said it last."""
    return replace(first, position=last.position, trace_id=last.trace_id, user_id=last.user_id)
