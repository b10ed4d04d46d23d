"""Metadata columns: read with a row, kept with it in a snapshot, and no part of other hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dspyui_core.datasets import Reader, Row, content_hash, fold_dataset, load_split, parse_gold
from dspyui_core.datasets.splitting.assigning import preview
from dspyui_core.datasets.versions.snapshots import write_snapshot
from dspyui_core.errors import DatasetError
from dspyui_core.records import DatasetRef
from dspyui_core.spec import ProgramSpec, Shares
from unit.datasets.helpers import make_spec, topics, write_csv

ALL_TRAIN = Shares(train=1.0, validation=0.0, holdout=0.0)


def spec_of(tmp_path: Path, **dataset: object) -> ProgramSpec:
    rows = [
        {**row, "channel": ("mail", " chat ", "")[number % 3]}
        for number, row in enumerate(topics(6))
    ]
    return make_spec(str(write_csv(tmp_path / "r.csv", rows)), **dataset)


def written(tmp_path: Path, **dataset: object) -> DatasetRef:
    found = fold_dataset(spec_of(tmp_path, **dataset), (), upto=0)
    return write_snapshot(tmp_path / "home", preview(found, ALL_TRAIN, 0.7))


def test_a_column_is_carried_with_its_row_and_a_blank_cell_is_none(tmp_path: Path) -> None:
    gold = parse_gold(spec_of(tmp_path, slices="channel"))

    carried = [dict(row.slices) for row in gold.rows[:3]]
    assert carried == [{"channel": "mail"}, {"channel": "chat"}, {}]


def test_a_column_that_no_file_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        parse_gold(spec_of(tmp_path, slices=["chanel"]))

    assert "channel" in str(caught.value.problems[0])


def test_rows_without_metadata_hash_as_they_always_did() -> None:
    row = Row.of({"text": "a"}, {"intent": "x"}, "gold", source="r.csv")

    # As the version before metadata had it.
    assert content_hash([row]) == "3da481ee95924fa02beb4d17a5d76df9479b8934611e13f9b6bc342e91f99c30"


def test_metadata_makes_another_dataset_version_and_no_other_row(tmp_path: Path) -> None:
    plain, sliced = (parse_gold(spec_of(tmp_path, slices=names)) for names in ((), "channel"))

    assert content_hash(plain.rows) != content_hash(sliced.rows)
    assert [row.row_id for row in plain.rows] == [row.row_id for row in sliced.rows]


def test_a_snapshot_keeps_the_metadata(tmp_path: Path) -> None:
    ref = written(tmp_path, slices="channel")

    rows = load_split(tmp_path / "home", ref, "train", reader=Reader.OPTIMIZER)

    assert sorted(row.slices.get("channel", "") for row in rows) == sorted(["mail", "chat", ""] * 2)


def test_a_snapshot_of_before_there_was_metadata_is_still_read(tmp_path: Path) -> None:
    ref = written(tmp_path)
    home = tmp_path / "home" / ref.program / ref.version
    manifest = json.loads((home / "manifest.json").read_text())
    path = home / manifest["splits"]["train"]["file"]
    pq.write_table(pq.read_table(path).drop_columns(["slices"]), path)

    rows = load_split(tmp_path / "home", ref, "train", reader=Reader.OPTIMIZER)

    assert [dict(row.slices) for row in rows] == [{}] * 6
