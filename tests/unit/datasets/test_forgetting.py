"""Rows are taken out of every snapshot, and what is left is guarded as before."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import (
    Fold,
    Reader,
    Row,
    Unwanted,
    blank_texts,
    content_hash,
    find_row,
    forgotten_rows,
    load_split,
    read_manifest,
    rows_from,
    take_out,
)
from dspyui_core.datasets.rows import AUDIT
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.splitting.ledger import NewPlace, Place, extend_ledger, read_ledger
from dspyui_core.datasets.versions.snapshots import write_snapshot
from dspyui_core.errors import DatasetError
from dspyui_core.records import DatasetRef
from unit.datasets.helpers import make_spec

GOLD, SAID, ASKED = "from the file", "a user's words", "a sample that a reviewer labelled"


def _row(text: str, user: str | None = None, split: str = "train", number: int = 1) -> Row:
    if user is None:
        made = Row.of({"text": text}, {"label": "a"}, "gold", source="r.csv", data_row=number)
    else:
        origin = {"source": "feedback", "user_id": user, "trace_id": f"tr-{user}", "position": 9}
        made = Row.of({"text": text}, {"label": "a"}, "proposed", **origin)
    return replace(made, split=split)


def _sample(text: str, number: int) -> Row:
    origin = {"source": AUDIT, "data_row": number, "split": "holdout"}
    return Row.of({"text": text}, {"label": "a"}, "gold", **origin)


GOLD_ROWS = (_row(GOLD), _row("held out", split="holdout", number=2))
ROWS = (*GOLD_ROWS, _row(SAID, "ana"), _row("ben's", "ben", "validation"), _sample(ASKED, 1))


def _written(folder: Path, *rows: Row) -> DatasetRef:
    fold = Fold(make_spec(), rows, (), (), content_hash(rows), 4, len(rows), 0, 0, ())
    groups = {row.key: row.key for row in rows}
    return write_snapshot(folder, Assigned(fold, rows, (), (), (), groups, (), 0))


def _texts(folder: Path, ref: DatasetRef) -> set[str]:
    train = load_split(folder, ref, "train", reader=Reader.OPTIMIZER)
    validation = load_split(folder, ref, "validation", reader=Reader.SELECTION)
    holdout = load_split(folder, ref, "holdout", reader=Reader.COMPARISON)
    return {row.inputs["text"] for row in (*train, *validation, *holdout)}


@pytest.mark.parametrize(
    ("unwanted", "gone"),
    [
        (Unwanted(user_id="ana"), {SAID}),
        (Unwanted(traces=frozenset({"tr-ben"})), {"ben's"}),
        (Unwanted(keys=frozenset({_row(SAID.upper()).key})), {SAID}),
        (Unwanted(keys=frozenset({_row(GOLD).key})), set()),
        (Unwanted(keys=frozenset({_row(GOLD).key}), gold_too=True), {GOLD}),
        (Unwanted(keys=frozenset({_row("held out").key}), gold_too=True), {"held out"}),
        (Unwanted(keys=frozenset({_row(ASKED.upper()).key})), {ASKED}),
        (Unwanted(samples=frozenset({1})), {ASKED}),
        (Unwanted(user_id="nobody", samples=frozenset({2})), set()),
    ],
    ids=[
        "user",
        "trace",
        "input",
        "own row stays",
        "own row",
        "holdout",
        "sample by input",
        "sample",
        "nobody",
    ],
)
def test_rows_go_and_the_others_are_read_as_before(
    tmp_path: Path, unwanted: Unwanted, gone: set[str]
) -> None:
    ref = _written(tmp_path, *ROWS)
    before = _texts(tmp_path, ref)

    would = take_out(tmp_path, ref.program, unwanted, dry_run=True)
    assert _texts(tmp_path, ref) == before
    taken = take_out(tmp_path, ref.program, unwanted)

    assert taken == would
    assert _texts(tmp_path, ref) == before - gone
    assert (taken.rows, len(taken.versions)) == (len(gone), len(gone))
    assert forgotten_rows(tmp_path, ref) == len(gone)


def test_every_version_loses_the_row_and_keeps_its_name(tmp_path: Path) -> None:
    first, second = _written(tmp_path, *ROWS), _written(tmp_path, *ROWS[:3])
    other = _written(tmp_path, *GOLD_ROWS)

    taken = take_out(tmp_path, first.program, Unwanted(user_id="ana"))

    assert taken.versions == {first.version, second.version}
    assert [forgotten_rows(tmp_path, ref) for ref in (first, second, other)] == [1, 1, 0]
    assert read_manifest(tmp_path, first)["rows"] == 5


def test_the_ids_of_holdout_rows_are_told_and_of_no_others(tmp_path: Path) -> None:
    ref = _written(tmp_path, *ROWS)

    taken = take_out(tmp_path, ref.program, Unwanted(user_id="ana", samples=frozenset({1})))

    assert taken.rows == 2
    assert taken.scored == {ROWS[4].row_id}


def test_doing_it_again_changes_nothing_and_removes_what_a_crash_left(tmp_path: Path) -> None:
    ref = _written(tmp_path, *ROWS)
    home = tmp_path / ref.program / ref.version
    old = {path.name: path.read_bytes() for path in home.glob("train-*")}
    take_out(tmp_path, ref.program, Unwanted(user_id="ana"))
    for name, content in old.items():
        (home / name).write_bytes(content)
    manifest = read_manifest(tmp_path, ref)

    again = take_out(tmp_path, ref.program, Unwanted(user_id="ana"))

    assert again.rows == 0
    assert read_manifest(tmp_path, ref) == manifest
    assert len(list(home.iterdir())) == 4
    assert not [name for name in old if (home / name).exists()]


def test_damage_is_noticed_afterwards_too(tmp_path: Path) -> None:
    ref = _written(tmp_path, *ROWS)
    take_out(tmp_path, ref.program, Unwanted(user_id="ana"))
    ((part),) = (tmp_path / ref.program / ref.version).glob("train-*")
    other = _written(tmp_path / "other", _row("something else"))
    ((stranger),) = (tmp_path / "other" / other.program / other.version).glob("train-*")
    part.write_bytes(stranger.read_bytes())

    with pytest.raises(DatasetError, match="damaged"):
        load_split(tmp_path, ref, "train", reader=Reader.OPTIMIZER)


def test_the_users_own_rows_with_the_same_input_are_named(tmp_path: Path) -> None:
    old = _written(tmp_path, _row(GOLD, number=7), ROWS[1])
    os.utime(tmp_path / old.program / old.version / "manifest.json", (1, 1))
    _written(tmp_path, *ROWS)

    taken = take_out(tmp_path, old.program, Unwanted(keys=frozenset({_row(GOLD).key})))

    assert set(taken.gold) == {"row 1 of r.csv", "row 7 of r.csv"}


def test_a_labelled_sample_is_no_row_of_the_users_own(tmp_path: Path) -> None:
    ref = _written(tmp_path, *ROWS)

    taken = take_out(tmp_path, ref.program, Unwanted(keys=frozenset({ROWS[4].key}), gold_too=True))

    assert (taken.rows, taken.gold) == (1, {})
    assert [row.from_file for row in ROWS] == [True, True, False, False, False]


def test_a_row_is_found_by_its_id_and_rows_by_their_traces_and_samples(tmp_path: Path) -> None:
    ref = _written(tmp_path, *ROWS)

    assert find_row(tmp_path, ref.program, ROWS[1].row_id) == ROWS[1]
    assert find_row(tmp_path, ref.program, "none") is None
    assert find_row(tmp_path, "none", ROWS[1].row_id) is None
    assert rows_from(tmp_path, ref.program, frozenset({"tr-ana"})) == (ROWS[2],)
    assert rows_from(tmp_path, ref.program, frozenset(), samples=frozenset({1})) == (ROWS[4],)


def test_a_version_without_a_snapshot_has_forgotten_nothing(tmp_path: Path) -> None:
    ref = _written(tmp_path, *ROWS)

    assert forgotten_rows(tmp_path / "elsewhere", ref) == 0


def test_the_ledger_keeps_key_and_split_and_loses_the_text(engine: Engine) -> None:
    places = {
        trust: NewPlace(f"key of {trust}", Place("train", "g", f"text of {trust}"), trust, "r.csv")
        for trust in ("gold", "proposed")
    }
    extend_ledger(engine, "p", list(places.values()), after=0, at=datetime(2026, 1, 1, tzinfo=UTC))
    keys = {place.key for place in places.values()}

    assert blank_texts(engine, "q", keys) == 0
    assert blank_texts(engine, "p", keys) == 1
    kept = read_ledger(engine, "p").places
    assert {key: place.text for key, place in kept.items()} == {
        "key of gold": "text of gold",
        "key of proposed": "",
    }
    assert {place.split for place in kept.values()} == {"train"}
    assert blank_texts(engine, "p", keys, gold_too=True) == 1
    assert blank_texts(engine, "p", keys, gold_too=True) == 0


def test_the_text_of_a_sample_is_no_text_of_the_users_own_whoever_brought_it(
    engine: Engine,
) -> None:
    places = [
        NewPlace(f"key {trust}", Place("holdout", "g", "asked"), trust, AUDIT)
        for trust in ("gold", "audit")
    ]
    extend_ledger(engine, "p", places, after=0, at=datetime(2026, 1, 1, tzinfo=UTC))

    assert blank_texts(engine, "p", {place.key for place in places}) == 2
