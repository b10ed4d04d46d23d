"""The statistics against scipy, statsmodels and worked examples in print."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import power
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels

from dspyui_core.comparison import smallest_detectable
from dspyui_core.comparison.intervals import MOST_RESAMPLED, bootstrapped, of_proportions
from dspyui_core.comparison.significance import EXACT, mcnemar, signed_rank


@given(st.integers(1, 400), st.integers(0, 400))
def test_mcnemar_is_half_of_the_two_sided_test_where_there_are_more_wins(
    more: int, losses: int
) -> None:
    wins = losses + more

    two_sided = mcnemar_of_statsmodels([[5, losses], [wins, 7]], exact=True).pvalue

    assert 2 * mcnemar(wins, losses) == pytest.approx(float(two_sided))


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_one_sided_sign_test(wins: int, losses: int) -> None:
    rows = wins + losses
    expected = stats.binomtest(wins, rows, alternative="greater").pvalue if rows else 1.0

    assert mcnemar(wins, losses) == pytest.approx(float(expected))


def test_mcnemar_of_a_printed_example() -> None:
    # Airway hyper-responsiveness before and after (Fagerland, Lydersen and Laake 2013, BMC Medical
    # Research Methodology 13:91, table 2): 1 and 7 discordant of 21, exact two-sided p = 0.0703.
    assert 2 * mcnemar(7, 1) == pytest.approx(0.0703, abs=5e-5)


def test_the_interval_of_proportions_of_a_printed_example() -> None:
    # The same example: ((1 + 1) - (7 + 1)) / 23 +- 1.96 * sqrt((10/23 - (6/23)^2) / 23).
    assert of_proportions(1, 7, 21, 0.95) == pytest.approx((-0.508, -0.013), abs=5e-4)


differences = st.lists(
    st.floats(-1, 1).map(lambda value: round(value, 3)), min_size=1, max_size=EXACT
)


@given(differences)
@settings(max_examples=40)
def test_the_exact_rank_test_is_scipys_where_scipy_has_one(values: list[float]) -> None:
    told = {abs(value) for value in values if value}
    distinct = [value for value in values if value]
    if len(told) < len(distinct) or not distinct:
        return

    expected = stats.wilcoxon(distinct, alternative="greater", method="exact").pvalue

    assert signed_rank(np.array(values)) == pytest.approx(float(expected), rel=1e-9)


@given(st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.5]), min_size=1, max_size=9))
@settings(max_examples=40)
def test_the_exact_rank_test_with_ties_counts_every_choice_of_signs(values: list[float]) -> None:
    array = np.array(values)
    told = array[array != 0]
    if not len(told):
        assert signed_rank(array) == 1.0
        return
    ranks = stats.rankdata(np.abs(told))
    signs = np.array(np.meshgrid(*[[0, 1]] * len(told))).reshape(len(told), -1)

    expected = np.mean(ranks @ signs >= ranks[told > 0].sum() - 1e-9)

    assert signed_rank(array) == pytest.approx(float(expected))


def test_the_normal_form_goes_on_where_the_exact_one_ends() -> None:
    chance = np.random.default_rng(3)
    values = chance.normal(0.1, 1, EXACT + 1)

    expected = stats.wilcoxon(values, alternative="greater", method="exact").pvalue

    assert signed_rank(values) == pytest.approx(float(expected), rel=0.02)


def test_the_rank_test_of_a_printed_example() -> None:
    # Darwin's maize, the heights of 15 pairs: two-sided 0.0413 (the example of R's exactRankTests).
    maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

    assert 2 * signed_rank(np.array(maize, float)) == pytest.approx(0.0413, abs=5e-4)


@pytest.mark.parametrize("rows", [40, 400])
def test_the_bootstrap_is_scipys(rows: int) -> None:
    values = np.random.default_rng(7).beta(2, 5, rows) - 0.25

    ours = bootstrapped(values, 0.95, 0)
    theirs = stats.bootstrap(
        (values,), np.mean, method="BCa", rng=np.random.default_rng(1), batch=500
    ).confidence_interval

    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.03 * width)


def test_the_analytic_form_is_the_bootstraps_where_rows_are_many() -> None:
    values = np.random.default_rng(7).beta(2, 5, MOST_RESAMPLED + 1) - 0.283

    analytic, resampled = bootstrapped(values, 0.95, 0), bootstrapped(values[:-1], 0.95, 0)

    width = resampled.high - resampled.low
    assert (analytic.low, analytic.high) == pytest.approx(
        (resampled.low, resampled.high), abs=0.05 * width
    )
    assert analytic.p_value == pytest.approx(resampled.p_value, abs=0.02)


@pytest.mark.parametrize("rows", [60, 2_500])
@pytest.mark.parametrize("level", [0.025, 0.1])
def test_the_p_value_is_the_level_at_which_the_lower_end_reaches_zero(
    rows: int, level: float
) -> None:
    values = np.random.default_rng(11).normal(0, 1, rows)
    low = bootstrapped(values, 1 - 2 * level, 0).low

    assert bootstrapped(values - low, 0.95, 0).p_value == pytest.approx(level, abs=0.003)


def test_the_detectable_gain_has_the_power_that_statsmodels_gives_it() -> None:
    gain = smallest_detectable(400, 0.4, level=0.0025)

    found = power.normal_power_het(gain, 400, 0.0025, std_null=0.4, alternative="larger")

    assert found == pytest.approx(0.8, abs=1e-3)
