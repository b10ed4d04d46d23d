"""The gate: from a spec and its feedback to a dataset that a turn may use, or a reason why not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from dspyui_core.records import DatasetRef
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.journal import Entry

from .contract import parse_gold
from .folding import Fold, fold
from .ledger import read_ledger
from .report import DatasetReport, report_on
from .snapshots import write_snapshot
from .splits import Assigned, Progress, assign, preview

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Settled:
    """A dataset version with its splits decided; where the report is blocked, only for its counts.

    `spec` is the frozen one: every literal has its values.
    """

    ref: DatasetRef
    spec: ProgramSpec
    report: DatasetReport
    assigned: Assigned

    def new_rows(self, since_position: int) -> int:
        """How many usable feedback rows rest on feedback after that journal position."""
        return self.assigned.new_rows(since_position)


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
    shares, checks = spec.dataset.shares, spec.dataset.checks
    similarity = checks.near_duplicate_similarity
    assigned = preview(found, shares, similarity, ledger=ledger, on_progress=on_progress)
    return report_on(assigned, checks, seconds=clock() - started)


def fold_dataset(spec: ProgramSpec, entries: Iterable[Entry], *, upto: int) -> Fold:
    """The dataset version of the spec's files and the journal entries up to a position.

    Pure in its arguments and the files' contents. Raises DatasetError where a file cannot be read.
    """
    return fold(parse_gold(spec), entries, upto=upto)


def settle(
    found: Fold,
    engine: Engine,
    folder: Path,
    *,
    now: Now = utc_now,
    on_progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> Settled:
    """Decide the splits of a fold in the ledger and write its snapshot under `folder`.

    Doing it again changes nothing. Raises ConflictError where another turn of the program decided
    meanwhile, StoreError where state cannot be written.
    """
    started = clock()
    dataset = found.spec.dataset
    similarity = dataset.checks.near_duplicate_similarity
    assigned = assign(engine, found, dataset.shares, similarity, at=now(), on_progress=on_progress)
    ref = write_snapshot(folder, assigned)
    report = report_on(assigned, dataset.checks, seconds=clock() - started)
    return Settled(ref, found.spec, report, assigned)
