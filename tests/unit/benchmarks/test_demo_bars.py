"""What the demonstration's benchmark counts as a gain, and when its bars hold."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    return loaded("demo")


def _row(demo: ModuleType, **changes: Any) -> Any:
    content = {
        "seed": 0,
        "outcome": "promoted",
        "holdout_first": 0.4,
        "holdout_last": 0.6,
        "test_first": 0.4,
        "test_last": 0.5,
        "ratings": 400,
        "corrections": 200,
        "seconds": 50.0,
    }
    return demo.Row(**(content | changes))


@pytest.mark.parametrize(
    ("changes", "gains"),
    [({}, True), ({"test_last": 0.44}, False), ({"outcome": "inconclusive"}, False)],
)
def test_a_gain_is_promoted_and_five_points_on_the_test_file(
    demo: ModuleType, changes: dict[str, Any], gains: bool
) -> None:
    assert _row(demo, **changes).gains is gains


@pytest.mark.parametrize(("bad", "holds"), [(0, True), (1, True), (2, False)])
def test_four_of_five_seeds_must_gain(demo: ModuleType, bad: int, holds: bool) -> None:
    rows = [_row(demo, outcome="refused" if n < bad else "promoted") for n in range(5)]

    assert demo.bars(rows)[0].holds is holds


def test_the_slowest_seed_must_be_in_time(demo: ModuleType) -> None:
    rows = [_row(demo), _row(demo, seconds=91.0)]

    assert demo.bars(rows)[1].told() == {
        "name": "seconds of the slowest",
        "value": 91.0,
        "bar": 90.0,
        "holds": False,
    }
