"""Distrusting: the rows of a dataset without those that rest on a distrusted user's word alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.trust.raters import Rater, distrusted_raters
from dspyui_core.datasets.voting.electing import word_of
from dspyui_core.datasets.voting.votes import UNAUTHENTICATED, Vote
from dspyui_core.errors import Problem

_REMEDY = (
    "let a second authenticated user or a reviewer confirm it; for what follows otherwise, see "
    "dataset.checks.rater_trust"
)


def trusted(dataset: Assigned) -> Assigned:
    """The assignment without the proposed rows of users who contradict what is known too often.

    They are findings of `rater_trust`, or notes where it only warns. This comes after the splits,
    because holdout rows may not decide what is learned.
    """
    spec = dataset.fold.spec.dataset.checks.rater_trust
    if spec.severity == "off" or not any(row.trust == "proposed" for row in dataset.rows):
        return dataset
    raters = {rater.party: rater for rater in distrusted_raters(dataset, spec)}
    if not raters:
        return dataset
    of_row = _parties(dataset)
    doubted = {
        row.key: _finding(row, raters[of_row[row.row_id]])
        for row in dataset.rows
        if row.trust == "proposed" and of_row.get(row.row_id) in raters
    }
    if spec.severity == "warn":
        return replace(dataset, notes=(*dataset.notes, *doubted.values()))
    return replace(
        dataset,
        rows=tuple(row for row in dataset.rows if row.key not in doubted),
        findings=(*dataset.findings, *doubted.values()),
        groups={key: group for key, group in dataset.groups.items() if key not in doubted},
        # Nothing is decided about an input before it is one of the dataset's.
        new=tuple(place for place in dataset.new if place.key not in doubted),
    )


def _parties(dataset: Assigned) -> Mapping[str, str]:
    """Whose word each row is, by its id."""
    votes: dict[str, list[Vote]] = defaultdict(list)
    for vote in dataset.fold.votes:
        votes[vote.row.row_id].append(vote)
    return {row_id: word_of(agreeing) for row_id, agreeing in votes.items()}


def _finding(row: Row, rater: Rater) -> Finding:
    column = next(iter(row.labels))
    who = "users who are not authenticated" if rater.party == UNAUTHENTICATED else "one user"
    reason = (
        f"rests on the word of {who} alone: {rater.doubtful} of {rater.words} such words do not "
        f"fit what is known, where {rater.expected:.0f} would be usual"
    )
    return Finding(
        "rater_trust",
        Problem(column, reason, row.labels[column], _REMEDY),
        row.source,
        row.trace_id,
    )
