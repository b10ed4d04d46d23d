from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dspyui_core.datasets import Fold, Reader, Row, content_hash, load_split, read_manifest
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.versions.snapshots import write_snapshot
from dspyui_core.errors import DatasetError, HoldoutError, SplitError, StoreError
from dspyui_core.records import DatasetRef
from unit.datasets.helpers import make_spec

LABELS = {
    "n": 3,
    "big": 2**80,
    "f": 1e-320,
    "whole": 2.0,
    "b": False,
    "l": ["x", ""],
    "o": {"k": 1},
}


def example(number: int, split: str) -> Row:
    inputs = {"text": f"line {number}\n\u2028 é", "note": None}
    return replace(Row.of(inputs, LABELS, "gold", source="r.csv", data_row=number), split=split)


def assigned(*splits: str) -> Assigned:
    rows = tuple(example(number, split) for number, split in enumerate(splits, 1))
    found = Fold(make_spec(), rows, (), (), content_hash(rows), 4, len(rows), 0, 0, ())
    return Assigned(found, rows, (), (), (), {row.key: row.key for row in rows}, (), 0)


USUAL = ("train", "holdout", "train", "validation")


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_rows_come_back_exactly_as_they_were_typed(tmp_path: Path) -> None:
    made = assigned(*USUAL)

    ref = write_snapshot(tmp_path, made)

    assert load_split(tmp_path, ref, "train", reader=Reader.OPTIMIZER) == made.of("train")
    assert load_split(tmp_path, ref, "validation", reader=Reader.SELECTION) == made.of("validation")
    (held,) = load_split(tmp_path, ref, "holdout", reader=Reader.COMPARISON)
    assert held == made.of("holdout")[0]
    assert [type(value) for value in held.labels.values()] == [
        type(LABELS[name]) for name in held.labels
    ]
    assert (ref.train, ref.validation, ref.holdout, ref.feedback_upto) == (2, 1, 1, 4)


@pytest.mark.parametrize("reader", [reader for reader in Reader if reader != Reader.COMPARISON])
def test_nobody_but_the_comparison_reads_the_holdout(tmp_path: Path, reader: Reader) -> None:
    ref = write_snapshot(tmp_path, assigned(*USUAL))

    with pytest.raises(HoldoutError, match=f"{reader.value} asked for the holdout"):
        load_split(tmp_path, ref, "holdout", reader=reader)


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    ref = write_snapshot(tmp_path, assigned(*USUAL))

    with pytest.raises(SplitError, match="no split 'test'"):
        load_split(tmp_path, ref, "test", reader=Reader.COMPARISON)


def test_the_same_again_touches_no_file(tmp_path: Path) -> None:
    write_snapshot(tmp_path, assigned(*USUAL))
    before = files(tmp_path)

    write_snapshot(tmp_path, assigned(*USUAL))

    assert files(tmp_path) == before
    assert len(before) == 4


def test_a_snapshot_under_older_splits_is_replaced_and_its_ref_no_longer_read(
    tmp_path: Path,
) -> None:
    old = write_snapshot(tmp_path, assigned(*USUAL))
    made = assigned("train", "train", "holdout")
    made = replace(made, fold=replace(made.fold, version=old.version))

    ref = write_snapshot(tmp_path, made)

    assert load_split(tmp_path, ref, "train", reader=Reader.OPTIMIZER) == made.of("train")
    with pytest.raises(DatasetError, match="validation rows are not those"):
        load_split(tmp_path, old, "validation", reader=Reader.SELECTION)


def test_changed_missing_and_torn_snapshots_are_noticed(tmp_path: Path) -> None:
    ref = write_snapshot(tmp_path, assigned(*USUAL))
    listed = read_manifest(tmp_path, ref)["splits"]
    home = tmp_path / ref.program / ref.version
    (home / listed["train"]["file"]).write_bytes((home / listed["holdout"]["file"]).read_bytes())
    (home / listed["validation"]["file"]).write_bytes(b"torn")

    for split, says in (("train", "are not those of this version"), ("validation", "is damaged")):
        with pytest.raises(DatasetError, match=says):
            load_split(tmp_path, ref, split, reader=Reader.OPTIMIZER)
    with pytest.raises(DatasetError, match="no snapshot"):
        load_split(tmp_path / "elsewhere", ref, "train", reader=Reader.OPTIMIZER)


def test_an_interrupted_write_is_completed_by_the_next(tmp_path: Path) -> None:
    made = assigned(*USUAL)
    ref = write_snapshot(tmp_path, made)
    home = tmp_path / ref.program / ref.version
    (home / read_manifest(tmp_path, ref)["splits"]["train"]["file"]).unlink()
    (home / "manifest.json").write_text('{"format": 1, "spl')

    write_snapshot(tmp_path, made)

    assert load_split(tmp_path, ref, "train", reader=Reader.OPTIMIZER) == made.of("train")


def test_the_manifest_says_what_is_in_it_without_rows(tmp_path: Path) -> None:
    ref = write_snapshot(tmp_path, assigned(*USUAL))

    manifest = read_manifest(tmp_path, ref)

    assert (
        DatasetRef.model_validate({name: manifest[name] for name in DatasetRef.model_fields}) == ref
    )
    assert manifest["outputs"][0]["name"] == "intent"
    assert "line 1" not in json.dumps(manifest)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a file where a folder should be")

    with pytest.raises(StoreError, match="cannot be written") as caught:
        write_snapshot(tmp_path, assigned(*USUAL))
    assert "DSPYUI_HOME" in caught.value.hint
