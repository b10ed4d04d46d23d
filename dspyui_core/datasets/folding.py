"""The fold: gold rows and feedback as one dataset version, a pure function of its arguments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dspyui_core.datasets.contract.parsing import Gold, SourceFile, finding_in_file
from dspyui_core.datasets.findings import FEEDBACK, Finding
from dspyui_core.datasets.rows import Row, content_hash
from dspyui_core.datasets.voting.votes import Vote, hear, with_origin
from dspyui_core.errors import Problem
from dspyui_core.spec import ProgramSpec, canonical_json
from dspyui_core.store.journal import Entry

_AGREEING_USERS = 2
# The holdout is served first: of copies its one stays, and what is near it is not learned from.
SPLIT_ORDER: Final[Mapping[str, int]] = {"holdout": 0, "validation": 1, "train": 2, "auto": 3}


@dataclass(frozen=True, slots=True)
class Fold:
    """A dataset version before its splits: one row per input; `version` is its content hash.

    `findings` are quarantined rows, `notes` (exact duplicates) are not. `total` counts the files'
    data rows, `superseded` the feedback that later feedback or a more trusted row outranks.
    """

    spec: ProgramSpec
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    version: str
    upto: int
    total: int
    left_out: int
    superseded: int
    sources: tuple[SourceFile, ...]

    @property
    def gold_version(self) -> str:
        """The content hash of the user's own rows alone."""
        return content_hash([row for row in self.rows if not row.is_feedback])

    def new_rows(self, since_position: int) -> int:
        """How many feedback rows rest on feedback after that journal position."""
        return sum(row.is_feedback and (row.position or 0) > since_position for row in self.rows)


def fold(gold: Gold, entries: Iterable[Entry], *, upto: int) -> Fold:
    """Gold ∪ the latest valid feedback per (trace, user) up to journal position `upto`.

    For one input gold wins, then confirmed (a reviewer says so, or else two authenticated users
    agree), then proposed; among equals the most votes win and a tie is quarantined. Copies of a
    gold row count once; gold rows that contradict each other are all quarantined, and feedback
    does not overrule that.
    """
    kept, notes, conflicts = _one_per_input(gold.rows)
    heard = hear(gold.spec, entries, upto=upto)
    settled = {row.key for row in gold.rows}
    contested = [vote for vote in heard.votes if vote.row.key not in settled]
    learned, disagreements, outvoted = _elected(contested)
    rows = (*kept, *learned)
    conflicts = [finding_in_file(gold.spec, finding) for finding in conflicts]
    return Fold(
        spec=gold.spec,
        rows=rows,
        findings=(*gold.quarantined, *conflicts, *heard.findings, *disagreements),
        notes=tuple(finding_in_file(gold.spec, note) for note in notes),
        version=content_hash(rows),
        upto=upto,
        total=gold.total,
        left_out=gold.left_out,
        superseded=heard.superseded + len(heard.votes) - len(contested) + outvoted,
        sources=gold.sources,
    )


def _one_per_input(rows: Sequence[Row]) -> tuple[list[Row], list[Finding], list[Finding]]:
    """The gold rows kept, their copies, and the rows that contradict each other."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: SPLIT_ORDER[row.split]):
        groups[row.key].append(row)
    copies: list[Finding] = []
    conflicts: list[Finding] = []
    kept: set[int] = set()
    for group in groups.values():
        if len({canonical_json(row.labels) for row in group}) > 1:
            conflicts += [_conflict(row, group) for row in group]
        else:
            kept.add(id(group[0]))
            copies += [_copy(row, group[0]) for row in group[1:]]
    return [row for row in rows if id(row) in kept], copies, conflicts


def _copy(row: Row, first: Row) -> Finding:
    reason = f"repeats row {first.data_row} of {first.source}"
    column = next(iter(row.inputs))
    problem = Problem(column, reason, row.inputs[column], "nothing: it counts once", row.data_row)
    return Finding("exact_duplicates", problem, row.source)


def _conflict(row: Row, group: Sequence[Row]) -> Finding:
    column = _contested(group)
    given = sorted({str(other.labels[column]) for other in group})
    whose = "users give" if row.is_feedback else "the file gives"
    problem = Problem(
        column,
        f"{whose} this input different labels: {', '.join(given)}",
        row.labels[column],
        "decide which label is right, and correct the others",
        row.data_row,
    )
    return Finding("label_conflicts", problem, row.source, row.trace_id)


def _contested(group: Sequence[Row]) -> str:
    names = list(group[0].labels)
    differing = (n for n in names if len({canonical_json(row.labels[n]) for row in group}) > 1)
    return next(differing, names[0])


def _elected(votes: Sequence[Vote]) -> tuple[list[Row], list[Finding], int]:
    """One row per input from its votes, the votes of ties, and how many votes lost."""
    ballots: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        ballots[vote.row.key].append(vote)
    rows: list[Row] = []
    ties: list[Finding] = []
    lost = 0
    for ballot in ballots.values():
        winners = _winners(ballot)
        if winners:
            rows.append(_row(winners))
            lost += len(ballot) - len(winners)
        else:
            ties += [_conflict(vote.row, [other.row for other in ballot]) for vote in ballot]
    return sorted(rows, key=lambda row: row.position or 0), ties, lost


def _winners(ballot: Sequence[Vote]) -> list[Vote]:
    """All votes for the winning labels, or none where two labels are level."""
    sides: dict[str, list[Vote]] = defaultdict(list)
    for vote in ballot:
        sides[canonical_json(vote.row.labels)].append(vote)
    confirmed = [side for side in sides.values() if _is_confirmed(side)]
    voters = _reviewers if any(map(_reviewers, confirmed)) else _authenticated
    strength = voters if confirmed else len
    contenders = confirmed or list(sides.values())
    most = max(strength(side) for side in contenders)
    best = [side for side in contenders if strength(side) == most]
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


def feedback_total(found: Fold) -> int:
    """How many feedback rows a fold is about: accepted inputs and quarantined traces."""
    quarantined = {finding.place for finding in found.findings if finding.source == FEEDBACK}
    return sum(row.is_feedback for row in found.rows) + len(quarantined)
