"""The watch: what it takes back, what it lets be, and what it only tells."""

from __future__ import annotations

import numpy as np
import pytest

from dspyui_core.comparison.sequential import Counts, Outcomes
from dspyui_core.promotion import Watched, WatchEvidence, watch
from dspyui_core.spec import WatchSpec

BEFORE = Counts(255, 300)
POLICY = WatchSpec()


def drawn(share: float, number: int, *, before: Counts = BEFORE, seed: int = 0) -> Outcomes:
    """So many outcomes of the champion, of which a share is good."""
    good = np.random.default_rng(seed).random(number) < share
    return Outcomes(good=good, ours=np.ones(number, dtype=bool), before=before)


def bad(number: int) -> Outcomes:
    return drawn(0.0, number)


def judged(
    ratings: Outcomes | None = None, policy: WatchSpec = POLICY, **more: Outcomes
) -> Watched:
    return watch(WatchEvidence(ratings or drawn(0.85, 50), **more), policy)


def test_a_champion_that_is_much_worse_harms_and_the_numbers_say_why() -> None:
    found = judged(drawn(0.4, 60))

    assert found.verdict == "harm"
    (ratings,) = found.compared
    assert ratings.evidence >= ratings.needed == pytest.approx(125)
    assert (ratings.predecessor.share, ratings.predecessor.total) == (0.85, 300)
    assert found.reasons == (ratings.reason,)
    assert "85.0% of 300 of the champion's before" in ratings.reason


def test_one_that_is_as_good_is_undecided_and_fine_at_the_horizon() -> None:
    short, whole = (judged(drawn(0.85, number)) for number in (999, 1_000))

    assert (short.verdict, whole.verdict) == ("undecided", "fine")
    assert whole.ratings == 1_000


def test_what_is_said_after_the_horizon_takes_nothing_back() -> None:
    good = [*drawn(0.85, 100).good, *bad(200).good]
    ratings = Outcomes(np.array(good), np.ones(300, dtype=bool), BEFORE)

    assert judged(ratings, WatchSpec(horizon=100)).verdict == "fine"
    assert judged(ratings).verdict == "harm"


def test_fewer_ratings_than_the_minimum_take_nothing_back() -> None:
    assert judged(bad(9)).verdict == "undecided"
    assert judged(bad(10)).verdict == "harm"


def test_once_shown_harm_stays_shown_however_rarely_one_looks() -> None:
    good = [*bad(20).good, *np.ones(300, dtype=bool)]
    late = Outcomes(np.array(good), np.ones(320, dtype=bool), BEFORE)

    assert judged(late).verdict == "harm"
    assert judged(late).compared[0].at == judged(bad(20)).compared[0].at


def test_without_a_rating_before_or_since_nothing_is_concluded() -> None:
    nothing = Outcomes(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))

    found = judged(nothing)

    assert (found.verdict, found.ratings, found.compared[0].evidence) == ("undecided", 0, 1.0)
    assert "none of its ratings are good" in found.reasons[0]


def test_failures_take_back_where_they_exceed_what_may_be_more() -> None:
    before = Counts(995, 1_000)

    much = judged(failures=drawn(0.85, 300, before=before))
    little = judged(failures=drawn(0.98, 300, before=before))

    assert much.verdict == "harm"
    assert [c.measure for c in much.compared if c.shown] == ["failures"]
    assert much.reasons == (much.compared[1].reason,)
    assert little.verdict == "undecided"


def test_answers_that_take_too_long_take_back() -> None:
    half = Counts(150, 300)

    assert judged(latency=drawn(0.1, 100, before=half)).verdict == "harm"
    assert judged(latency=drawn(0.5, 100, before=half)).verdict == "undecided"


@pytest.mark.parametrize("share", [0.02, 0.9])
def test_a_change_of_what_is_rated_is_told_and_takes_nothing_back(share: float) -> None:
    found = judged(rated=drawn(share, 400, before=Counts(300, 1_000)))

    assert found.verdict == "undecided"
    assert found.drift is not None
    assert found.drift.shown
    assert found.drift.reason in found.reasons
    assert "what is rated has changed" in found.drift.reason


def test_a_steady_share_of_ratings_is_no_reason() -> None:
    found = judged(rated=drawn(0.3, 400, before=Counts(300, 1_000)))

    assert found.drift is not None
    assert not found.drift.shown
    assert found.drift.reason not in found.reasons


def test_with_a_holdback_only_what_came_at_the_same_time_counts() -> None:
    chance = np.random.default_rng(1)
    ours = chance.random(800) > 0.3
    dull_day = Outcomes(good=chance.random(800) < 0.5, ours=ours)
    harm = Outcomes(good=chance.random(800) < np.where(ours, 0.5, 0.85), ours=ours)

    assert judged(dull_day).verdict == "undecided"
    assert judged(harm).verdict == "harm"


def test_a_release_thirty_points_worse_is_taken_back_within_the_bar() -> None:
    clean = [judged(drawn(0.55, 200, seed=seed)).compared[0] for seed in range(60)]
    noisy = [
        judged(drawn(0.53, 400, before=Counts(213, 300), seed=seed)).compared[0]
        for seed in range(60)
    ]

    assert np.median([found.at if found.shown else 999 for found in clean]) <= 40
    assert np.median([found.at if found.shown else 999 for found in noisy]) <= 150


def test_one_that_is_as_good_is_hardly_ever_taken_back() -> None:
    chance = np.random.default_rng(0)
    alarms = 0
    for seed in range(200):
        before = Counts(int(chance.binomial(300, 0.8)), 300)
        alarms += judged(drawn(0.8, 300, before=before, seed=seed)).verdict == "harm"

    assert alarms <= 5
