"""Comparing versions: what came, went and was relabelled is counted; no holdout row is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.rows import Row, content_hash
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.versions.comparing import (
    Before,
    change_between,
    change_since,
    changed_rows,
)
from dspyui_core.datasets.versions.listing import counts_of, stored_versions
from dspyui_core.datasets.versions.snapshots import MANIFEST, write_snapshot
from dspyui_core.errors import DatasetError
from dspyui_core.records import DatasetRef
from unit.datasets.helpers import make_spec


def row(number: int, split: str, intent: str = "refund", trust: str = "gold") -> Row:
    source = "r.csv" if trust == "gold" else "feedback"
    made = Row.of({"text": f"text {number}"}, {"intent": intent}, trust, source=source)
    return replace(made, split=split, data_row=number)


def assigned(*rows: Row) -> Assigned:
    found = Fold(make_spec(), rows, (), (), content_hash(rows), 4, len(rows), 0, 0, ())
    return Assigned(found, rows, (), (), (), {row.key: row.key for row in rows}, (), 0)


OLD = (
    row(1, "train"),
    row(2, "train"),
    row(3, "validation"),
    row(4, "holdout"),
    row(5, "holdout"),
    row(6, "train", trust="proposed"),
)
NEW = (
    row(1, "train"),
    row(2, "train", "cancel"),
    row(4, "holdout", "cancel"),
    row(6, "train", trust="confirmed"),
    row(7, "train"),
    row(8, "holdout"),
)


def stored(folder: Path) -> tuple[DatasetRef, DatasetRef]:
    return write_snapshot(folder, assigned(*OLD)), write_snapshot(folder, assigned(*NEW))


def test_every_change_is_counted_in_its_split(tmp_path: Path) -> None:
    change = change_between(tmp_path, *stored(tmp_path))

    counts = {s.split: (s.added, s.removed, s.relabelled) for s in change.splits}
    assert counts == {"train": (1, 0, 1), "validation": (0, 1, 0), "holdout": (1, 1, 1)}
    assert (change.rows_before, change.rows, change.confirmed) == (6, 6, 1)
    assert change.total("added") == 2


def test_an_assignment_need_not_be_stored_to_be_compared(tmp_path: Path) -> None:
    before, after = stored(tmp_path)

    assert change_since(Before(tmp_path, before), assigned(*NEW)) == change_between(
        tmp_path, before, after
    )


def test_a_files_check_does_not_miss_what_users_said(tmp_path: Path) -> None:
    before, _ = stored(tmp_path)
    file = [one for one in OLD if one.trust == "gold"]

    change = change_since(Before(tmp_path, before), assigned(*file), own_only=True)

    assert change is not None
    assert (change.rows_before, change.rows, change.total("removed")) == (5, 5, 0)


def test_without_a_version_before_or_with_a_damaged_one_there_is_no_change(tmp_path: Path) -> None:
    before, _ = stored(tmp_path)
    (tmp_path / "p" / before.version / MANIFEST).write_text("{}")

    assert change_since(None, assigned(*NEW)) is None
    assert change_since(Before(tmp_path, before), assigned(*NEW)) is None


def test_changed_rows_are_shown_unless_they_are_or_were_in_the_holdout(tmp_path: Path) -> None:
    shown = changed_rows(tmp_path, *stored(tmp_path), most=10)

    assert [(one.kind, one.row.inputs["text"]) for one in shown] == [
        ("added", "text 7"),
        ("removed", "text 3"),
        ("relabelled", "text 2"),
    ]
    assert shown[2].was == {"intent": "refund"}


def test_as_many_of_each_kind_are_shown_as_are_asked_for(tmp_path: Path) -> None:
    before = write_snapshot(tmp_path, assigned(row(1, "train")))
    after = write_snapshot(tmp_path, assigned(*(row(n, "train") for n in range(2, 9))))

    kinds = [one.kind for one in changed_rows(tmp_path, before, after, most=3)]

    assert kinds == ["added", "added", "added", "removed"]


def test_what_is_stored_is_listed_with_its_counts(tmp_path: Path) -> None:
    refs = stored(tmp_path)

    found = stored_versions(tmp_path, "p")

    assert {one.ref for one in found} == set(refs)
    assert {one.forgotten for one in found} == {0}
    assert all(one.shape is not None and one.shape.rows == 6 for one in found)
    counts = counts_of(tmp_path, refs[0])
    assert (counts.trust, counts.sources) == (
        {"gold": 5, "proposed": 1},
        {"r.csv": 5, "feedback": 1},
    )


def test_a_program_without_snapshots_has_no_versions(tmp_path: Path) -> None:
    assert stored_versions(tmp_path, "nobody") == ()


def test_a_manifest_without_its_counts_is_damaged(tmp_path: Path) -> None:
    ref, _ = stored(tmp_path)
    manifest = tmp_path / "p" / ref.version / MANIFEST
    manifest.write_text(manifest.read_text().replace('"train": 3', '"train": "many"'))

    with pytest.raises(DatasetError, match="is damaged"):
        stored_versions(tmp_path, "p")
