"""What the watch's simulation draws, and when its bars hold."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def watching() -> ModuleType:
    return loaded("watching")


@pytest.mark.parametrize(("users", "share"), [("clean", 0.55), ("20% wrong", 0.53)])
def test_a_worse_champion_is_rated_worse_as_far_as_users_can_tell(
    watching: ModuleType, users: str, share: float
) -> None:
    case = watching.Case("30 points worse", users, 0.85, loss=0.3)
    chance = np.random.default_rng(0)

    found = [watching.drawn(case, chance).good.mean() for _ in range(100)]

    assert float(np.mean(found)) == pytest.approx(share, abs=0.01)


def test_a_season_is_hard_on_both_and_a_holdback_leaves_a_share_behind(
    watching: ModuleType,
) -> None:
    case = watching.Case("season", "clean", 0.85, season=0.15, holdback=0.2)

    found = watching.drawn(case, np.random.default_rng(0))

    assert float((~found.ours).mean()) == pytest.approx(0.2, abs=0.04)
    assert float(found.good[found.ours].mean()) == pytest.approx(0.7, abs=0.05)
    assert float(found.good[~found.ours].mean()) == pytest.approx(0.7, abs=0.1)


def test_a_repetition_says_when_each_of_them_takes_the_champion_back(watching: ModuleType) -> None:
    ours = np.ones(1_000, dtype=bool)
    good = np.arange(1_000) % 10 < 9
    chance = np.random.default_rng(0)
    case = watching.Case("as good", "clean", 0.9)

    fine, harm = (watching.Ratings(270, marks, ours) for marks in (good, ~good))

    assert watching.rolled_back(case, fine, chance)[0] == 0
    assert 10 <= watching.rolled_back(case, harm, chance)[0] < 40
    assert (watching.z_tested(fine), watching.z_tested(harm)) == (False, True)
    assert (watching.below_threshold(fine), watching.below_threshold(harm)) == (False, True)


def _rows(watching: ModuleType, **changes: float) -> list[Any]:
    numbers = {"clean": 40.0, "noisy": 150.0, "false": 0.01, "season": 0.01, "told": 0.9}
    given = {**numbers, "steady": 0.01, **changes}

    def row(question: str, users: str, **values: float) -> Any:
        zeros = {"ours": 0.0, "median": 0.0, "z_test": 1.0, "threshold": 1.0, "drift": 0.0}
        return watching.Row(question, users, 0.85, **{**zeros, **values})

    return [
        row("as good", "clean", ours=given["false"], drift=given["steady"]),
        row("as good", "20% wrong"),
        row("30 points worse", "clean", median=given["clean"]),
        row("30 points worse", "20% wrong", median=given["noisy"]),
        row("season", "clean", ours=1.0),
        row("season, holdback", "clean", ours=given["season"]),
        row("half are rated", "clean", drift=given["told"]),
    ]


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({}, None),
        ({"clean": 40.5}, 0),
        ({"noisy": 151}, 1),
        ({"false": 0.011}, 2),
        ({"season": 0.011}, 2),
        ({"told": 0.89}, 3),
        ({"steady": 0.011}, 4),
    ],
)
def test_soon_rarely_and_told_apart_have_a_bar_each(
    watching: ModuleType, changes: dict[str, float], missed: int | None
) -> None:
    bars = watching.bars(_rows(watching, **changes))

    assert [bar.holds for bar in bars] == [number != missed for number in range(5)]
