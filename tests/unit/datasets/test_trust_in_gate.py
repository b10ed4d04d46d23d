"""Trust in the gate: what waits for a second user is in no split, no snapshot and no ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from dspyui_core.datasets import Fold, Reader, fold_dataset, load_split, settle, usable_new_rows
from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.testing import tiny_spec
from unit.datasets.helpers import SMALL, write_csv
from unit.datasets.test_raters import GOLD, LEARNING, Crowd


def folded(folder: Path, crowd: Crowd, **trust: Any) -> Fold:
    """The crowd's feedback beside a file of gold rows."""
    path = write_csv(folder / "rows.csv", [{**row.inputs, **row.labels} for row in GOLD])
    # Texts that share a word are no copies of each other here.
    checks = {**SMALL, "near_duplicate_similarity": 1.0, "rater_trust": trust}
    dataset = {"sources": str(path), "shares": LEARNING.model_dump(), "checks": checks}
    dataset["shares"]["validation"], dataset["shares"]["holdout"] = 0.1, 0.1
    spec = tiny_spec(name="p", dataset=dataset, feedback={"free_rows": 100})
    return fold_dataset(spec, crowd.entries, upto=10**6)


def poisoned() -> tuple[Crowd, set[str]]:
    """A crowd with one adversary, and the traces of what that one says."""
    crowd = Crowd()
    crowd.honest()
    return crowd, set(crowd.speaks("mallory", 12, wrong=12))


def test_rows_of_a_distrusted_user_are_reported_and_learned_by_nobody(
    tmp_path: Path, engine: Engine
) -> None:
    crowd, traces = poisoned()
    found = folded(tmp_path, crowd)

    settled = settle(found, engine, tmp_path)

    (check,) = [check for check in settled.report.checks if check.name == "rater_trust"]
    quarantined = [q for q in settled.report.quarantined if q.check == "rater_trust"]
    assert (check.severity, check.count) == ("quarantine", len(quarantined))
    assert {q.trace_id for q in quarantined} <= traces
    assert len(quarantined) >= 10
    learned = [
        row
        for split in ("train", "validation")
        for row in load_split(tmp_path, settled.ref, split, reader=Reader.OPTIMIZER)
    ]
    assert not {row.trace_id for row in learned} & traces
    assert usable_new_rows(found, engine, 0) == sum(row.is_feedback for row in learned)
    known = {row.key for row in found.rows if row.trace_id in traces}
    assert not known & set(read_ledger(engine, "p").places)


def test_who_asks_for_it_is_blocked_and_nothing_is_written(tmp_path: Path, engine: Engine) -> None:
    crowd, _ = poisoned()

    settled = settle(folded(tmp_path, crowd, severity="block"), engine, tmp_path / "snapshots")

    assert settled.report.verdict == "blocked"
    assert not read_ledger(engine, "p").places
    assert not (tmp_path / "snapshots").exists()


def test_the_same_again_comes_to_the_same(tmp_path: Path, engine: Engine) -> None:
    crowd, _ = poisoned()

    first, second = (settle(folded(tmp_path, crowd), engine, tmp_path) for _ in range(2))

    assert first.ref == second.ref
    assert first.report.quarantined == second.report.quarantined
