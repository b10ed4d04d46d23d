"""When the bars of the data gate's benchmark hold, and what it measures on."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from dspyui_core.datasets.near.index import NearIndex
from support.benchmarks import loaded


@pytest.fixture(scope="module")
def validation() -> ModuleType:
    return loaded("validation")


def _rows(validation: ModuleType, **largest: float) -> list[Any]:
    common = {"near_s": 1.0, "all_again_s": 5.0, "peak_mb": 500.0}
    last = {"check_s": 50.0, "minhash_s": None, "increment_s": 5.0, **common, **largest}
    return [
        validation.Row(1_000, check_s=1.0, minhash_s=1.0, increment_s=1.0, **common),
        validation.Row(10_000, check_s=8.0, minhash_s=2.0, increment_s=1.0, **common),
        validation.Row(100_000, **last),
    ]


def test_at_the_bars_all_hold(validation: ModuleType) -> None:
    rows = _rows(validation, peak_mb=2048.0)

    assert [bar.holds for bar in validation.bars(rows)] == [True, True, True]
    assert [bar.bar for bar in validation.bars(rows)] == [4.0, 2.0, 0.10]


@pytest.mark.parametrize(
    ("changed", "missed"), [({"peak_mb": 2049.0}, 1), ({"increment_s": 5.1}, 2)]
)
def test_more_memory_and_a_dearer_increment_miss_theirs(
    validation: ModuleType, changed: dict[str, float], missed: int
) -> None:
    holds = [bar.holds for bar in validation.bars(_rows(validation, **changed))]

    assert holds == [number != missed for number in range(3)]


def test_a_check_of_more_than_four_searches_misses_its_bar(validation: ModuleType) -> None:
    rows = _rows(validation)
    slow = [rows[0], validation.Row(10_000, 8.1, 1.0, 2.0, 1.0, 5.0, 500.0), rows[2]]

    assert [bar.holds for bar in validation.bars(slow)] == [False, True, True]


def test_without_the_largest_size_the_bars_are_those_of_the_one_before(
    validation: ModuleType,
) -> None:
    names = [bar.name for bar in validation.bars(_rows(validation)[:2])]

    assert names == [
        "whole check / MinHash alone at 10,000",
        "gigabytes at 10,000",
        "check of 1 % more / whole check at 10,000",
    ]


def test_the_made_up_rows_are_the_same_every_time_and_some_nearly_repeat_others(
    validation: ModuleType,
) -> None:
    rows = validation.made_up(600)

    texts = [text for text, _ in rows]
    near = NearIndex({text: text for text in texts}, 0.7).similar_to(texts)

    assert rows == validation.made_up(600)
    assert 0.05 < sum(len(found) > 1 for found in near) / 600 < 0.25
