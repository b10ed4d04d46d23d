"""What the recording benchmark compares, and when its bars hold."""

from __future__ import annotations

from types import ModuleType

import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def recording() -> ModuleType:
    return loaded("recording")


def _taken(journaled: float, predict: float) -> dict[str, list[float]]:
    return {"as it is": [2.0, 2.0, 9.0], "journaled": [journaled] * 3, "predict": [predict] * 3}


@pytest.mark.parametrize(
    ("journaled", "predict", "holds"),
    [(2.9, 3.0, [True, True]), (3.1, 2.9, [False, True]), (2.9, 3.1, [True, False])],
)
def test_either_way_of_recording_may_add_a_millisecond_at_the_median(
    recording: ModuleType, journaled: float, predict: float, holds: list[bool]
) -> None:
    bars = recording.bars(recording.rows(_taken(journaled, predict)))

    assert [bar.holds for bar in bars] == holds


def test_every_way_gives_as_many_answers_and_none_always_comes_first(
    recording: ModuleType,
) -> None:
    came: list[str] = []
    ways = {name: (lambda name=name: came.append(name)) for name in "abc"}

    taken = recording.timed(ways, 20)

    assert {name: len(ms) for name, ms in taken.items()} == {"a": 20, "b": 20, "c": 20}
    assert {came[n] for n in range(0, 60, 3)} == {"a", "b", "c"}
