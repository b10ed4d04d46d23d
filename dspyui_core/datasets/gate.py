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
from dspyui_core.datasets.splitting.assigning import Assigned, Progress, preview, record
from dspyui_core.datasets.splitting.ledger import Ledger, read_ledger
from dspyui_core.datasets.versions.snapshots import ref_of, write_snapshot
from dspyui_core.records import DatasetRef
from dspyui_core.spec import ProgramSpec
from dspyui_core.storage import Place
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.journal import Entry

Clock = Callable[[], float]


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
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> DatasetReport:
    """Check the spec's files as a turn would, changing nothing.

    With an engine the splits already decided count; without one the program is new. Raises
    DatasetError where a file cannot be read at all.
    """
    started = clock()
    found = fold(parse_gold(spec), (), upto=0)
    ledger = read_ledger(engine, spec.name) if engine is not None else None
    assigned = _previewed(found, ledger, on_progress)
    return report_on(assigned, spec.dataset.checks, seconds=clock() - started)


def fold_dataset(
    spec: ProgramSpec, entries: Iterable[Entry], *, upto: int, audited: Sequence[Audited] = ()
) -> Fold:
    """The dataset version of the spec's files, the journal entries up to a position, and samples.

    Pure in its arguments and the files' contents. Raises DatasetError where a file cannot be read.
    """
    return fold(with_audited(parse_gold(spec), audited), entries, upto=upto)


def settle(
    found: Fold,
    engine: Engine,
    folder: Place,
    *,
    now: Now = utc_now,
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> Settled:
    """Decide the splits of a fold in the ledger and write its snapshot under `folder`.

    A blocked dataset leaves no trace: a wrong file must not decide any split for ever. Doing it
    again changes nothing. Raises ConflictError where another turn of the program decided
    meanwhile, StoreError where state cannot be written.
    """
    started = clock()
    ledger = read_ledger(engine, found.spec.name)
    assigned = _previewed(found, ledger, on_progress)
    report = report_on(assigned, found.spec.dataset.checks, seconds=clock() - started)
    if not report.blocked:
        record(engine, assigned, at=now())
        write_snapshot(folder, assigned)
    return Settled(ref_of(assigned), found.spec, report)


def preview_dataset(
    found: Fold,
    engine: Engine,
    *,
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> Settled:
    """What `settle` would come to; nothing is decided and nothing is written."""
    started = clock()
    assigned = _previewed(found, read_ledger(engine, found.spec.name), on_progress)
    report = report_on(assigned, found.spec.dataset.checks, seconds=clock() - started)
    return Settled(ref_of(assigned), found.spec, report)


def usable_new_rows(found: Fold, engine: Engine, since_position: int) -> int:
    """How many feedback rows after a journal position would be used: neither parked nor refused.

    Nothing is decided and nothing is written.
    """
    assigned = _previewed(found, read_ledger(engine, found.spec.name), None)
    newer = (row for row in assigned.rows if (row.position or 0) > since_position)
    return sum(row.is_feedback for row in newer)


def _previewed(found: Fold, ledger: Ledger | None, on_progress: Progress | None) -> Assigned:
    dataset = found.spec.dataset
    similarity = dataset.checks.near_duplicate_similarity
    return preview(found, dataset.shares, similarity, ledger=ledger, on_progress=on_progress)
