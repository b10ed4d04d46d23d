"""When the bars of the export benchmark hold."""

from __future__ import annotations

from types import ModuleType

import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def export() -> ModuleType:
    return loaded("export")


def _rows(
    export: ModuleType, *, full_s: float = 1.0, new_s: float = 0.1, mb: float = 100.0
) -> list[object]:
    common = {"csv_mb": 100.0, "jsonl_mb": 100.0, "parquet_mb": 100.0}
    return [
        export.Row(1_000, 500, 0.1, 1.0, 0.1, **common),
        export.Row(10_000, 5_000, full_s, 10.0, 0.1, **common),
        export.Row(100_000, 50_000, 10.0, None, new_s, **{**common, "parquet_mb": mb}),
    ]


def test_at_the_bars_all_hold(export: ModuleType) -> None:
    rows = _rows(export, full_s=1.0, new_s=0.2, mb=150.0)

    assert [bar.holds for bar in export.bars(rows)] == [True, True, True]


@pytest.mark.parametrize(
    ("changed", "missed"), [({"full_s": 1.1}, 0), ({"new_s": 0.21}, 1), ({"mb": 151.0}, 2)]
)
def test_a_slower_export_and_a_bigger_one_miss_theirs(
    export: ModuleType, changed: dict[str, float], missed: int
) -> None:
    holds = [bar.holds for bar in export.bars(_rows(export, **changed))]

    assert holds == [number != missed for number in range(3)]


def test_without_the_largest_size_memory_is_measured_from_the_smallest(export: ModuleType) -> None:
    rows = _rows(export)[:2]

    assert [bar.name for bar in export.bars(rows)][2] == "megabytes more at 10,000 than at 1,000"
