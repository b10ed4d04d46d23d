"""What the scale-out benchmark tells of an evaluation, and when its bars hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from support.benchmarks import loaded

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def scaleout() -> ModuleType:
    return loaded("scaleout")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def taken(scaleout: ModuleType, *chunks: tuple[float, float], seconds: float = 20.0) -> Any:
    """An evaluation of 800 rows, 80 ms each, that took so long."""
    spans = tuple((at(begin), at(end)) for begin, end in chunks)
    return scaleout.Taken({}, (0.08,) * 800, NOON, at(seconds), spans)


def row(scaleout: ModuleType, way: str, rate: float, overhead: float, rows: int = 4_000) -> Any:
    return scaleout.Row(way, 2, rows, 8, 10.0, rate, 0.0, rate, overhead)


def test_a_chunk_costs_what_its_worker_does_besides_answering(scaleout: ModuleType) -> None:
    # Eight threads answer 800 rows in 8 s; two workers have 2 x 6 s from the first to the last end.
    told = scaleout.told("way", 2, taken(scaleout, (4, 7), (4, 8), (7, 10), (8, 10)))

    assert (told.first_chunk_s, told.rows_per_s) == (4.0, 40.0)
    assert told.working_rows_per_s == pytest.approx(800 / 6)
    assert told.overhead_per_chunk_s == pytest.approx((12 - 8) / 4)


def test_an_evaluation_without_chunks_has_no_cost_of_them(scaleout: ModuleType) -> None:
    told = scaleout.told("way", 1, taken(scaleout))

    assert (told.chunks, told.overhead_per_chunk_s, told.first_chunk_s) == (0, 0.0, 0.0)
    assert told.working_rows_per_s == told.rows_per_s == 40.0


@pytest.mark.parametrize(
    ("rate", "overhead", "differing", "held"),
    [
        (240.0, 0.9, 0, [True, True, True]),
        (160.0, 0.9, 0, [True, False, True]),
        (240.0, 1.1, 0, [True, True, False]),
        (240.0, 0.9, 1, [False, True, True]),
    ],
)
def test_every_way_has_to_find_the_same_and_to_gain(
    scaleout: ModuleType, rate: float, overhead: float, differing: int, held: list[bool]
) -> None:
    rows = [row(scaleout, scaleout.ALONE, 150.0, 0.0), row(scaleout, "way", rate, overhead)]

    assert [bar.holds for bar in scaleout.bars(rows, differing)] == held


def test_in_few_rows_only_the_result_has_a_bar(scaleout: ModuleType) -> None:
    rows = [row(scaleout, name, 1.0, 9.0, rows=600) for name in (scaleout.ALONE, "way")]

    assert [bar.holds for bar in scaleout.bars(rows, 0)] == [True]


def test_its_program_is_wrong_and_fails_where_it_says(
    scaleout: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = loaded("slow_program")
    monkeypatch.setattr(slow, "LM_SECONDS", 0.0)
    program = slow.Slow()

    said = [program(text=f"order {number}: please").intent for number in range(10)]

    right = [scaleout.LABELS[number % 3] for number in range(10)]
    assert [a == b for a, b in zip(said, right, strict=True)] == [False, *[True] * 4] * 2
    with pytest.raises(LookupError, match="no such order"):
        program(text="order 99: please")
