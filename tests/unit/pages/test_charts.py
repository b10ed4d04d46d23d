"""Charts: every value is on its scale, in the right order, and the marks are few and round."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dspyui_core.pages.charts import Scale, axis, whisker
from unit.pages.samples import Page

values = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=9)


@given(values)
def test_every_value_is_inside_and_a_larger_one_is_further_right(known: list[float]) -> None:
    scale = Scale.around(known)

    shares = [scale.share(value) for value in sorted(known)]

    assert all(0 < share < 1 for share in shares)
    assert shares == sorted(shares)


@given(values)
@example([0.0, 0.4375])
def test_the_marks_are_on_the_scale_and_no_more_than_asked_for(known: list[float]) -> None:
    scale = Scale.around(known)

    marks = scale.ticks(most=5)

    assert 1 <= len(marks) <= 5
    assert all(scale.low - 1e-9 <= mark <= scale.high + 1e-9 for mark in marks)


def test_marks_are_round() -> None:
    assert Scale(0.0, 1.0).ticks() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert Scale(-0.21, 0.33).ticks() == [-0.2, 0.0, 0.2]


def test_one_value_alone_and_what_is_no_number_have_a_scale() -> None:
    assert Scale.around([0.5]).share(0.5) == 0.5
    assert Scale.around([math.nan]).share(0.0) == 0.5


@pytest.mark.parametrize("ends", [None, (0.4, 0.6)])
def test_a_whisker_tells_a_screen_reader_what_it_shows(ends: tuple[float, float] | None) -> None:
    page = Page(whisker(Scale(0, 1), 0.5, ends, kind="ours", told="candidate 0.5"))

    assert page.named("svg")[0]["aria-label"] == "candidate 0.5"
    assert page.named("circle")[0]["cx"] == "50.00%"
    assert len(page.named("line")) == (0 if ends is None else 1)


def test_an_axis_of_differences_has_signs() -> None:
    assert Page(axis(Scale(-0.2, 0.2), sign=True)).texts["text"] == [
        "-0.2",
        "-0.1",
        "0",
        "+0.1",
        "+0.2",
    ]
