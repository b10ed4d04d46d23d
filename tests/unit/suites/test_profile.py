"""The one row of numbers that a suite judges."""

from __future__ import annotations

import math

import pytest

from dspyui_core.datasets.suites.profile import columns_of, meaning, profile_of
from unit.suites.reports import SHAPE, report


def test_rows_and_shares_are_of_all_rows() -> None:
    found = profile_of(report())

    assert (found["rows"], found["accepted"], found["quarantined_share"]) == (100, 90, 0.1)
    assert (found["train"], found["holdout"], found["parked_share"]) == (50, 20, 0.03)
    assert (found["leakage"], found["leakage_share"]) == (4, 0.04)


def test_near_duplicates_are_a_share_of_the_accepted_rows_even_where_the_check_is_off() -> None:
    found = profile_of(report())

    assert (found["near_duplicates"], found["near_duplicates_share"]) == (9, 0.1)


def test_classes_are_those_of_the_shape_and_not_measured_without_any() -> None:
    whole = profile_of(report())
    free = profile_of(report(shape=SHAPE.model_copy(update={"classes": {}})))

    assert (whole["smallest_class"], whole["largest_class"]) == (30, 60)
    assert (free["smallest_class"], free["largest_class"]) == (None, None)


def test_growth_is_over_the_version_before_and_not_measured_in_the_first_one() -> None:
    before = SHAPE.model_copy(update={"rows": 45})

    assert profile_of(report())["growth"] is None
    assert profile_of(report(previous=before))["growth"] == 2


def test_drift_is_the_worst_of_all_fields_and_not_measured_in_the_first_version() -> None:
    classes = {"intent": {"refund": 30, "cancel": 60}}
    before = SHAPE.model_copy(update={"classes": classes, "lengths": {"text": (90, 0)}})
    now = SHAPE.model_copy(update={"lengths": {"text": (45, 45)}})

    found = profile_of(report(shape=now, previous=before))

    assert profile_of(report())["label_stability"] is None
    # (2/3 - 1/3) ln 2 for each of two classes, a little less for the smoothing.
    assert found["label_stability"] == pytest.approx(2 / 3 * math.log(2), rel=0.03)
    assert found["length_gap"] == pytest.approx(0.5)


def test_a_check_of_a_plugin_is_judged_like_our_own() -> None:
    assert {"tidy", "tidy_share"} <= {*columns_of(["tidy"])}


def test_every_column_has_a_meaning_of_its_own() -> None:
    columns = columns_of()

    assert len({meaning(column) for column in columns}) == len(columns)


def test_a_profile_of_no_rows_has_no_shares() -> None:
    found = profile_of(report(rows=0, accepted=0, held_back=0))

    assert (found["quarantined_share"], found["accepted_share"]) == (0, 0)
