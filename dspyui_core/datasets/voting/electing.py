"""Electing: which of the labels that users give one input counts, and whose word has to wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.voting.conflicts import conflict, contested_column, outranked
from dspyui_core.datasets.voting.votes import UNAUTHENTICATED, Vote, with_origin
from dspyui_core.errors import Problem
from dspyui_core.spec import canonical_json

_AGREEING_USERS = 2


@dataclass(frozen=True, slots=True)
class Elected:
    """The row of one input, and the votes for its labels in the order of their positions."""

    row: Row
    votes: tuple[Vote, ...]

    @property
    def number(self) -> int:
        """Which piece of the program's feedback said it first."""
        return min(vote.number for vote in self.votes)

    @property
    def party(self) -> str:
        """Whose word it is: of a row that is not confirmed at most one voter is authenticated."""
        return word_of(self.votes)


@dataclass(frozen=True, slots=True)
class Election:
    """One row per input where a label counts, the votes that wait, and notes on those that lost."""

    rows: tuple[Elected, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def elect(votes: Iterable[Vote]) -> Election:
    """Hold an election for each input; the votes come in the order of their positions.

    A label that a reviewer gives wins, or else one on which two authenticated users agree; among
    several the most of them win. Without any, the one label that is given counts. Who was asked
    after it was there, and says something else alone, waits; where users contradict each other
    otherwise, all of them wait.
    """
    ballots: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        ballots[vote.row.key].append(vote)
    rows: list[Elected] = []
    findings: list[Finding] = []
    notes: list[Finding] = []
    for ballot in ballots.values():
        winners = _winners(ballot)
        if winners:
            elected = Elected(_row(winners), tuple(winners))
            rows.append(elected)
            row, others = elected.row, _others(ballot, winners)
            if row.trust == "confirmed":
                notes += [outranked(vote.row, row, "confirmed") for vote in others]
            else:
                findings += [_change(vote.row, row) for vote in others]
        else:
            given = [vote.row for vote in ballot]
            findings += [conflict(row, given) for row in given]
    ordered = sorted(rows, key=lambda elected: elected.row.position or 0)
    return Election(tuple(ordered), tuple(findings), tuple(notes))


def word_of(votes: Iterable[Vote]) -> str:
    """Whose word these votes are: the authenticated voter's, whoever else agrees."""
    known = (vote.voter.party for vote in votes if vote.voter.authenticated)
    return next(known, UNAUTHENTICATED)


def _winners(ballot: Sequence[Vote]) -> list[Vote]:
    """All votes for the labels that count, none where that is open."""
    sides: dict[str, list[Vote]] = defaultdict(list)
    for vote in ballot:
        sides[canonical_json(vote.row.labels)].append(vote)
    confirmed = [side for side in sides.values() if _is_confirmed(side)]
    if confirmed:
        return _strongest(confirmed)
    first = min(ballot, key=lambda vote: vote.since)
    existing = sides[canonical_json(first.row.labels)]
    known = all(vote.asked > first.since for vote in _others(ballot, existing))
    return existing if known else []


def _others(ballot: Sequence[Vote], side: Sequence[Vote]) -> list[Vote]:
    """The votes for other labels than those of a side."""
    return [vote for vote in ballot if vote.row.row_id != side[0].row.row_id]


def _strongest(sides: Sequence[list[Vote]]) -> list[Vote]:
    """The side with the most voters of those that can confirm, none where two are level."""
    voters = _reviewers if any(map(_reviewers, sides)) else _authenticated
    most = max(voters(side) for side in sides)
    best = [side for side in sides if voters(side) == most]
    return best[0] if len(best) == 1 else []


def _authenticated(side: Sequence[Vote]) -> int:
    return sum(vote.voter.authenticated for vote in side)


def _reviewers(side: Sequence[Vote]) -> int:
    return sum(vote.row.trust == "confirmed" for vote in side)


def _is_confirmed(side: Sequence[Vote]) -> bool:
    return _reviewers(side) > 0 or _authenticated(side) >= _AGREEING_USERS


def _row(winners: Sequence[Vote]) -> Row:
    # The first wording stays, so that one more agreeing user does not change the inputs.
    row = with_origin(winners[0].row, winners[-1].row)
    return replace(row, trust="confirmed") if _is_confirmed(winners) else row


def _change(row: Row, existing: Row) -> Finding:
    column = contested_column([row, existing])
    problem = Problem(
        column,
        f"one user alone would change the label that this input has: {existing.labels[column]}",
        row.labels[column],
        "let a second authenticated user or a reviewer say so, too; the label stays until then",
    )
    return Finding("rater_trust", problem, row.source, row.trace_id)
