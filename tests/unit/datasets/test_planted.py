"""Planted defects: each kind, put at known rows of clean data, is found there and nowhere else."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets import CheckResult, DatasetReport, check_dataset
from dspyui_core.text import character_ngrams, jaccard
from support.planting import SIGNATURE, Cells, Planted, clean_rows, planted, repeated
from unit.datasets.helpers import SMALL, make_spec, write_csv

ROWS = 400


def checked(folder: Path, rows: Any, **dataset: Any) -> DatasetReport:
    path = write_csv(folder / "rows.csv", rows)
    checks = {**SMALL, "label_noise": {"severity": "off"}}
    return check_dataset(make_spec(str(path), checks=checks, **SIGNATURE, **dataset))


def named(report: DatasetReport, name: str) -> CheckResult:
    return next(check for check in report.checks if check.name == name)


def quarantined(report: DatasetReport) -> set[int | None]:
    return {row.row for row in report.quarantined}


def test_clean_rows_pass(tmp_path: Path) -> None:
    report = checked(tmp_path, clean_rows(ROWS))

    assert (report.verdict, report.accepted, report.quarantined) == ("pass", ROWS, ())


@pytest.mark.parametrize("kind", ["type", "label", "blank"])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_broken_row_is_quarantined_and_no_other(kind: str, seed: int, tmp_path: Path) -> None:
    found = planted(clean_rows(ROWS, seed), kind, 40, seed)

    report = checked(tmp_path, found.rows)

    assert quarantined(report) == found.where
    assert report.accepted == ROWS - 40


@pytest.mark.parametrize("kind", ["same", "normalised"])
def test_every_repeat_is_a_duplicate_and_no_row_is_quarantined(kind: str, tmp_path: Path) -> None:
    found = repeated(clean_rows(ROWS), kind, 40)

    report = checked(tmp_path, found.rows)

    assert set(named(report, "exact_duplicates").rows) == found.where
    assert (report.accepted, report.quarantined) == (ROWS, ())


def test_every_contradicting_row_is_quarantined_and_no_other(tmp_path: Path) -> None:
    found = repeated(clean_rows(ROWS), "conflict", 40)

    report = checked(tmp_path, found.rows)

    assert quarantined(report) == set(named(report, "label_conflicts").rows) == found.where


def leaking(seed: int) -> Planted:
    """Train rows, and holdout rows of which the last 60 nearly repeat one of them."""
    chance = random.Random(seed)
    train = [{**row, "part": "train"} for row in clean_rows(ROWS, seed)]
    apart = [{**row, "part": "holdout"} for row in clean_rows(100, seed + 1_000)]
    near: list[Cells] = []
    for row in chance.sample(train, len(train)):
        text = list(row["text"])
        for _ in range(chance.randint(1, 6)):
            text[chance.randrange(len(text))] = chance.choice("abcdefgh")
        likeness = jaccard(character_ngrams("".join(text), 4), character_ngrams(row["text"], 4))
        if 0.7 <= likeness < 1 and len(near) < 60:
            near.append({**row, "text": "".join(text), "part": "holdout"})
    rows = (*train, *apart, *near)
    return Planted(rows, frozenset(range(len(rows) - 59, len(rows) + 1)))


@pytest.mark.parametrize("seed", [3, 4])
def test_what_nearly_repeats_a_row_of_another_split_is_found_and_nothing_else(
    seed: int, tmp_path: Path
) -> None:
    found = leaking(seed)

    report = checked(tmp_path, found.rows, split_column="part")

    # Of a pair either row may be the one that gives way.
    pairs = {row.row for row in report.quarantined if row.check == "leakage"}
    allowed = found.where | set(range(1, ROWS + 1))
    assert 0.95 * len(found.where) <= len(pairs) <= len(found.where)
    assert pairs <= allowed
    assert quarantined(report) == pairs


def test_personal_data_is_counted_where_it_is_and_takes_no_row_out(tmp_path: Path) -> None:
    found = planted(clean_rows(ROWS), "personal", 40)

    report = checked(tmp_path, found.rows)

    result = named(report, "personal_data")
    assert set(result.rows) == found.where
    assert (result.severity, report.accepted) == ("warn", ROWS)
    assert "e-mail (" in result.message
