"""The learning curve: readable with one, two and fifty turns, and honest about epochs."""

from __future__ import annotations

import pytest

from dspyui_core.pages import LearningCurve, curve_page
from unit.pages.samples import Page, curve


@pytest.mark.parametrize("turns", [1, 2, 50])
def test_every_turn_has_its_two_dots_and_its_row(turns: int) -> None:
    page = Page(curve_page(curve(turns)))

    assert len(page.named("circle")) == 2 * turns
    assert len(page.named("tr")) == turns + 1


@pytest.mark.parametrize("turns", [1, 2, 50, 200])
def test_the_labels_along_it_stay_few(turns: int) -> None:
    page = Page(curve_page(curve(turns)))
    along, up = (page.texts["text"].count(str(n)) for n in (1, turns + 1))
    numbers = [text for text in page.texts["text"] if text.isdigit()]

    assert along
    assert not up
    # Two charts, ten labels each, and the marks of their heights.
    assert len(numbers) <= 2 * 10 + 4


def test_dots_stay_inside_from_the_first_turn_to_the_last() -> None:
    places = [
        float(str(dot["cx"]).rstrip("%")) for dot in Page(curve_page(curve(50))).named("circle")
    ]

    assert min(places) > 2
    assert max(places) < 98


def test_one_turn_alone_stands_in_the_middle() -> None:
    first, second = (str(d["cx"]) for d in Page(curve_page(curve(1))).named("circle"))

    assert 45 < float(first.rstrip("%")) < float(second.rstrip("%")) < 55


def test_a_released_candidate_looks_otherwise_than_one_that_was_not() -> None:
    kinds = [d["class"] for d in Page(curve_page(curve(2))).named("circle")]

    assert kinds == ["theirs", "ours", "theirs", "ours hollow"]


def test_a_baseline_that_was_released_is_no_released_candidate() -> None:
    (first,) = curve(1).turns
    of_baseline = first.model_copy(update={"subject": "baseline"})
    page = Page(curve_page(LearningCurve(program="desk", turns=(of_baseline,))))

    assert [d["class"] for d in page.named("circle")] == ["theirs", "ours hollow"]
    assert "promoted (the baseline)" in page.texts["td"]


def test_no_line_joins_scores_of_two_holdouts() -> None:
    page = Page(curve_page(curve(4, per_epoch=2)))
    kinds = [line["class"] for line in page.named("line")]

    assert kinds.count("ours path") == 2
    assert kinds.count("least") == 1
    assert " epoch 2" in page.texts["text"]


def test_no_turn_yet_is_a_page_that_says_so() -> None:
    page = Page(curve_page(LearningCurve(program="desk", turns=())))

    assert page.texts["p"] == ["No turn of this program has decided anything yet."]


def test_it_shows_the_scores_in_words_for_who_sees_no_chart() -> None:
    page = Page(curve_page(curve(2)))

    assert "0.410 (0.310 to 0.510)" in page.texts["td"]
    assert "Scores of 2 turns" in str(page.named("svg")[1]["aria-label"])
