"""The fold: gold rows and feedback as one dataset version, a pure function of its arguments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dspyui_core.datasets.contract.parsing import Gold, SourceFile, finding_in_file
from dspyui_core.datasets.findings import FEEDBACK, Finding
from dspyui_core.datasets.rows import Row, content_hash
from dspyui_core.datasets.voting.capping import Capped, capped
from dspyui_core.datasets.voting.conflicts import conflict, outranked
from dspyui_core.datasets.voting.electing import elect
from dspyui_core.datasets.voting.votes import Vote, hear
from dspyui_core.errors import Problem
from dspyui_core.spec import ProgramSpec, canonical_json
from dspyui_core.store.journal import Entry

# The holdout is served first: of copies its one stays, and what is near it is not learned from.
SPLIT_ORDER: Final[Mapping[str, int]] = {"holdout": 0, "validation": 1, "train": 2, "auto": 3}


@dataclass(frozen=True, slots=True)
class Fold:
    """A dataset version before its splits: one row per input; `version` is its content hash.

    `findings` are quarantined rows, `notes` (exact duplicates, words that a more trusted one
    outranks) are not. `total` counts the files' data rows, `superseded` the feedback that later
    feedback or a more trusted row outranks. `votes` is all that users say, counted or not.
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
    votes: tuple[Vote, ...] = ()

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
    agree), then proposed. Users who contradict each other wait for a third, and so does who would
    change alone what was there before they were asked. Of proposed rows one user gives no more
    than `feedback` in the spec allows. Copies of a gold row count once; gold rows that contradict
    each other are all quarantined, and feedback does not overrule that.
    """
    kept, notes, conflicts = _one_per_input(gold.rows)
    heard = hear(gold.spec, entries, upto=upto)
    settled = {row.key for row in gold.rows}
    contested = [vote for vote in heard.votes if vote.row.key not in settled]
    election = elect(contested)
    learned = _capped(gold.spec, capped(election.rows, heard.votes, gold.spec.feedback))
    rows = (*kept, *learned.rows)
    conflicts = [finding_in_file(gold.spec, finding) for finding in conflicts]
    return Fold(
        spec=gold.spec,
        rows=rows,
        findings=(
            *gold.quarantined,
            *conflicts,
            *heard.findings,
            *election.findings,
            *learned.findings,
        ),
        notes=(
            *(finding_in_file(gold.spec, note) for note in notes),
            *_overruled(kept, heard.votes),
            *election.notes,
            *learned.notes,
        ),
        version=content_hash(rows),
        upto=upto,
        total=gold.total,
        left_out=gold.left_out,
        superseded=(heard.superseded + len(heard.votes) - len(contested) + len(election.notes)),
        sources=gold.sources,
        votes=heard.votes,
    )


@dataclass(frozen=True, slots=True)
class _Learned:
    """The rows that users taught, and those over their caps: refused or only noted."""

    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def _capped(spec: ProgramSpec, under: Capped) -> _Learned:
    """What the severity of the check rater_trust makes of the caps."""
    rows = tuple(elected.row for elected in under.rows)
    severity = spec.dataset.checks.rater_trust.severity
    over = tuple(elected.row for elected in under.over)
    if severity in ("quarantine", "block"):
        return _Learned(rows, under.findings, ())
    everything = sorted((*rows, *over), key=lambda row: row.position or 0)
    return _Learned(tuple(everything), (), under.findings if severity == "warn" else ())


def _overruled(kept: Iterable[Row], votes: Iterable[Vote]) -> Iterator[Finding]:
    """A note for each vote that the file's own label outranks."""
    gold = {row.key: row for row in kept}
    for vote in votes:
        row = gold.get(vote.row.key)
        if row is not None and row.row_id != vote.row.row_id:
            yield outranked(vote.row, row, "gold")


def _one_per_input(rows: Sequence[Row]) -> tuple[list[Row], list[Finding], list[Finding]]:
    """The gold rows kept, their copies, and the rows that contradict each other."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: SPLIT_ORDER[row.split]):
        groups[row.key].append(row)
    copies: list[Finding] = []
    conflicts: list[Finding] = []
    kept: set[int] = set()
    for group in groups.values():
        if len(group) > 1 and len({canonical_json(row.labels) for row in group}) > 1:
            conflicts += [conflict(row, group) for row in group]
        else:
            kept.add(id(group[0]))
            copies += [_copy(row, group[0]) for row in group[1:]]
    return [row for row in rows if id(row) in kept], copies, conflicts


def _copy(row: Row, first: Row) -> Finding:
    reason = f"repeats row {first.data_row} of {first.source}"
    column = next(iter(row.inputs))
    problem = Problem(column, reason, row.inputs[column], "nothing: it counts once", row.data_row)
    return Finding("exact_duplicates", problem, row.source)


def feedback_total(found: Fold) -> int:
    """How many feedback rows a fold is about: accepted inputs and quarantined traces."""
    quarantined = {finding.place for finding in found.findings if finding.source == FEEDBACK}
    return sum(row.is_feedback for row in found.rows) + len(quarantined)
