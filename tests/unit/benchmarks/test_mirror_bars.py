"""When the bars of the mirror benchmark hold."""

from __future__ import annotations

from types import ModuleType

import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def mirror() -> ModuleType:
    return loaded("mirror")


def _rows(mirror: ModuleType, *, ours: float, stored: int = 4) -> list[object]:
    told = [(mirror.Autolog.name, 10.0, 4), (mirror.ByHand.name, 15.0, 4)]
    return [
        mirror.Row(name, number, 3, rate, kept)
        for number in range(3)
        for name, rate, kept in [*told, (mirror.Ours.name, ours, stored)]
    ]


@pytest.mark.parametrize(("rate", "holds"), [(106.0, True), (99.0, False)])
def test_ten_times_the_traces_a_second_are_asked_for(
    mirror: ModuleType, rate: float, holds: bool
) -> None:
    assert mirror.bars(_rows(mirror, ours=rate))[0].holds is holds


@pytest.mark.parametrize("stored", [3, 5])
def test_a_lost_trace_and_a_doubled_one_both_miss_a_bar(mirror: ModuleType, stored: int) -> None:
    bars = mirror.bars(_rows(mirror, ours=1000.0, stored=stored))

    assert [bar.holds for bar in bars].count(False) == 1
