"""The gate: from a spec and its feedback to a dataset that a turn may use, or a reason why not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from dspyui_core.datasets.audit import Audited, with_audited
from dspyui_core.datasets.contract.parsing import parse_gold
from dspyui_core.datasets.folding import Fold, fold
from dspyui_core.datasets.reports.report import DatasetReport, report_on
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.screening import screened
from dspyui_core.datasets.splitting.assigning import Assigned, Progress, preview, record
from dspyui_core.datasets.splitting.known import Known, keep_index, known_in_store
from dspyui_core.datasets.trust.distrusting import trusted
from dspyui_core.datasets.versions.comparing import Before, change_since
from dspyui_core.datasets.versions.snapshots import ref_of, write_snapshot
from dspyui_core.records import DatasetRef
from dspyui_core.spec import ProgramSpec
from dspyui_core.storage import Derived, Place
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.journal import Entry

Clock = Callable[[], float]
# What else judges a report before anything is written; it may block.
Judge = Callable[[DatasetReport], DatasetReport]


@dataclass(frozen=True, slots=True)
class Settled:
    """A dataset version with its splits decided; where the report is blocked, nothing is written.

    `spec` is the frozen one: every literal has its values. The rows themselves are
    read through `load_split` only.
    """

    ref: DatasetRef
    spec: ProgramSpec
    report: DatasetReport


def check_dataset(
    spec: ProgramSpec,
    *,
    engine: Engine | None = None,
    derived: Derived | None = None,
    before: Before | None = None,
    judge: Judge | None = None,
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> DatasetReport:
    """Check the spec's files as a turn would, changing nothing.

    With an engine the splits already decided count, found faster with what is `derived` from them,
    which is read only; without one the program is new. The checks compare with the version
    `before`; `judge` has the last word. Raises DatasetError where a file cannot be read at all.
    """
    started = clock()
    found = screened(fold(parse_gold(spec, on_progress=on_progress), (), upto=0))
    known = _known(found, engine, derived, on_progress) if engine is not None else None
    assigned = _previewed(found, known, on_progress)
    # Feedback is not in a file, so it is not missing there.
    report = _reported(assigned, before, judge, own_only=True)
    return _timed(report, clock() - started)


def fold_dataset(
    spec: ProgramSpec, entries: Iterable[Entry], *, upto: int, audited: Sequence[Audited] = ()
) -> Fold:
    """The dataset version of the spec's files, the journal entries up to a position, and samples.

    Rows that a check refuses one by one are out of it. Pure in its arguments and the files'
    contents. Raises DatasetError where a file cannot be read.
    """
    said = tuple(entries)
    return screened(fold(with_audited(parse_gold(spec), audited), said, upto=upto), said)


def settle(
    found: Fold,
    engine: Engine,
    folder: Place,
    *,
    derived: Derived | None = None,
    before: Before | None = None,
    judge: Judge | None = None,
    now: Now = utc_now,
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> Settled:
    """Decide the splits of a fold in the ledger and write its snapshot under `folder`.

    The checks compare with the version `before`; `judge` has the last word. A blocked dataset
    leaves no trace: a wrong file must not decide any split for ever. Doing it again changes
    nothing. Raises ConflictError where another turn of the program decided meanwhile, StoreError
    where state cannot be written. What is `derived` from the ledger makes the comparison with known
    rows fast, and is brought up to it: only who holds the program's lock may give it.
    """
    started = clock()
    known = _known(found, engine, derived, on_progress, keep=True)
    assigned = _previewed(found, known, on_progress)
    report = _reported(assigned, before, judge)
    report = _timed(report, clock() - started)
    if not report.blocked:
        record(engine, assigned, at=now())
        write_snapshot(folder, assigned)
        _keep_index(found, engine, derived, on_progress)
    return Settled(ref_of(assigned), found.spec, report)


def preview_dataset(
    found: Fold,
    engine: Engine,
    *,
    derived: Derived | None = None,
    before: Before | None = None,
    judge: Judge | None = None,
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> Settled:
    """What `settle` would come to; nothing is decided and nothing is written, not even derived."""
    started = clock()
    known = _known(found, engine, derived, on_progress)
    assigned = _previewed(found, known, on_progress)
    report = _reported(assigned, before, judge)
    report = _timed(report, clock() - started)
    return Settled(ref_of(assigned), found.spec, report)


def usable_new_rows(
    found: Fold, engine: Engine, since_position: int, *, derived: Derived | None = None
) -> int:
    """How many feedback rows after a journal position would be used: neither parked nor refused.

    Nothing is decided and nothing is written.
    """
    usable = usable_feedback(found, engine, derived=derived)
    return sum((row.position or 0) > since_position for row in usable)


def usable_feedback(
    found: Fold, engine: Engine, *, derived: Derived | None = None
) -> tuple[Row, ...]:
    """The feedback rows that would be learned from, with their splits: never a holdout row.

    Nothing is decided and nothing is written.
    """
    known = _known(found, engine, derived, None)
    assigned = _previewed(found, known, None)
    return tuple(row for row in assigned.rows if row.is_feedback and row.split != "holdout")


def _reported(
    assigned: Assigned, before: Before | None, judge: Judge | None, *, own_only: bool = False
) -> DatasetReport:
    checks = assigned.fold.spec.dataset.checks
    change = change_since(before, assigned, own_only=own_only)
    report = report_on(
        assigned, checks, previous=None if before is None else before.shape, change=change
    )
    return report if judge is None else judge(report)


def _timed(report: DatasetReport, seconds: float) -> DatasetReport:
    return report.model_copy(update={"seconds": round(seconds, 3)})


def _known(
    found: Fold,
    engine: Engine,
    derived: Derived | None,
    on_progress: Progress | None,
    *,
    keep: bool = False,
) -> Known:
    program, keys = found.spec.name, [row.key for row in found.rows]
    folder = derived.near(program) if derived is not None else None
    return known_in_store(engine, program, keys, folder=folder, keep=keep, on_progress=on_progress)


def _keep_index(
    found: Fold, engine: Engine, derived: Derived | None, on_progress: Progress | None
) -> None:
    """Let the next turn find the near-duplicate index of what this one decided."""
    if derived is not None:
        program, checks = found.spec.name, found.spec.dataset.checks
        folder, similarity = derived.near(program), checks.near_duplicate_similarity
        keep_index(engine, program, folder, similarity, on_progress=on_progress)


def _previewed(found: Fold, known: Known | None, on_progress: Progress | None) -> Assigned:
    dataset = found.spec.dataset
    similarity = dataset.checks.near_duplicate_similarity
    assigned = preview(found, dataset.shares, similarity, known=known, on_progress=on_progress)
    return trusted(assigned)
