"""Checking data as a turn does: the gate, and the suite of expectations that has the last word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dspyui_core.datasets import (
    DatasetReport,
    Fold,
    Settled,
    check_dataset,
    preview_dataset,
    settle,
)
from dspyui_core.datasets.gate import Judge
from dspyui_core.datasets.suites.default import default_suite
from dspyui_core.datasets.suites.docs import data_docs
from dspyui_core.datasets.suites.judging import judge, with_verdict
from dspyui_core.datasets.suites.profile import columns_of, meaning, profile_of
from dspyui_core.datasets.suites.suite import Suite, read_suite, suite_file, write_suite
from dspyui_core.datasets.versions.comparing import Before
from dspyui_core.records import Record
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.turns import UNMEASURED
from dspyui_core.turn.steps import Progress, Snapshot, recorded, silent
from dspyui_core.workspace import Workspace

__all__ = [
    "ShownSuite",
    "check_data",
    "default_of",
    "keep_suite",
    "preview_data",
    "settle_data",
    "show_suite",
    "suite_identity",
    "suite_of",
    "write_default_suite",
]

RESULT, DOCS = "data/expectations.json", "data/expectations.html"


class ShownSuite(Record):
    """The suite that judges a program's data: from `file`, or the default one where it is None.

    `columns` are those of the profile that it may judge, each with its meaning.
    """

    program: str
    file: Path | None
    suite: Suite
    columns: Mapping[str, str]


def suite_of(folder: Path, spec: ProgramSpec) -> Suite | None:
    """The suite that a workspace's folder has for a program. Raises DatasetError for a bad one."""
    return read_suite(suite_file(folder, spec.name), _columns(spec))


def default_of(spec: ProgramSpec) -> Suite:
    """The suite of a program that has no file."""
    return default_suite(spec.name, spec.dataset.checks)


def show_suite(folder: Path, spec: ProgramSpec) -> ShownSuite:
    """The suite that judges a program's data, and where it is from. Raises DatasetError."""
    found = suite_of(folder, spec)
    return ShownSuite(
        program=spec.name,
        file=None if found is None else suite_file(folder, spec.name),
        suite=found or default_of(spec),
        columns={column: meaning(column) for column in _columns(spec)},
    )


def write_default_suite(folder: Path, spec: ProgramSpec, *, force: bool = False) -> ShownSuite:
    """Write the default suite as a program's own, for people to edit, and show it.

    Raises DatasetError where the program has one, unless it is to be written anew by `force`.
    """
    write_suite(suite_file(folder, spec.name), default_of(spec), force=force)
    return show_suite(folder, spec)


def suite_identity(folder: Path, spec: ProgramSpec) -> str:
    """What a program's suite judges by, as a hash; empty where it has no file."""
    found = suite_of(folder, spec)
    return "" if found is None else found.identity


def check_data(
    spec: ProgramSpec,
    folder: Path,
    *,
    ws: Workspace | None = None,
    by_default: bool = False,
    on_progress: Progress = silent,
) -> DatasetReport:
    """Put a spec's files through the gate and the suite; no state is touched.

    `folder` is the workspace's, whose suite judges; without one the default suite does where
    `by_default`. With a workspace the splits already decided and the version before count. Raises
    DatasetError where a file cannot be read, or the suite is none.
    """
    suite = suite_of(folder, spec) or (default_of(spec) if by_default else None)
    return check_dataset(
        spec,
        engine=None if ws is None else ws.engine,
        derived=None if ws is None else ws.derived,
        before=None if ws is None else _before(ws, spec.name),
        judge=_judge(suite),
        on_progress=on_progress,
    )


def settle_data(ws: Workspace, found: Fold, *, on_progress: Progress = silent) -> Settled:
    """Decide the splits of a fold and write its snapshot, unless the gate or the suite blocks it.

    Raises what `settle` raises, and DatasetError for a suite that is none.
    """
    return settle(
        found,
        ws.engine,
        ws.snapshots,
        derived=ws.derived,
        before=_before(ws, found.spec.name),
        judge=_judge(suite_of(ws.folder, found.spec)),
        on_progress=on_progress,
    )


def preview_data(ws: Workspace, found: Fold) -> Settled:
    """What `settle_data` would come to; nothing is decided and nothing is written."""
    return preview_dataset(
        found,
        ws.engine,
        derived=ws.derived,
        before=_before(ws, found.spec.name),
        judge=_judge(suite_of(ws.folder, found.spec)),
    )


def keep_suite(ws: Workspace, run_id: str, result: Mapping[str, Any]) -> None:
    """Log what the suite said in an MLflow run, as JSON and as a page; nothing where none judged.

    Neither holds a value of any row.
    """
    if result:
        ws.client.log_text(run_id, json.dumps(result, indent=2), RESULT)
        if result["results"]:
            ws.client.log_text(run_id, data_docs(result), DOCS)


def _before(ws: Workspace, program: str) -> Before | None:
    """The dataset version of the last turn that used one."""
    # A blocked dataset was never written, so it is nobody's version before.
    last = ws.turns.last_closed(program, outcomes_except=(*UNMEASURED, "blocked"))
    if last is None or ws.turns.step(last.turn_id, "snapshot") is None:
        return None
    return Before(ws.snapshots, recorded(ws, last.turn_id, "snapshot", Snapshot).dataset)


def _judge(suite: Suite | None) -> Judge | None:
    return None if suite is None else partial(_judged, suite)


def _judged(suite: Suite, report: DatasetReport) -> DatasetReport:
    return with_verdict(report, judge(suite, profile_of(report)))


def _columns(spec: ProgramSpec) -> tuple[str, ...]:
    return columns_of(choice.name for choice in spec.dataset.checks.extra)
