"""The data page: the verdict first, rows by reason, one small file, and nobody's words as code."""

from __future__ import annotations

import pytest

from dspyui_core.pages import (
    LARGEST_PAGE,
    ClassesOf,
    ClassRows,
    DataCheck,
    HeldRows,
    LengthsOf,
    data_page,
)
from unit.pages.data_samples import classes, data_report, doubted, held
from unit.pages.samples import Page

HOSTILE = "</td><script>alert('x')</script><img src=http://example.com/x onerror=\"x\">\x00\u202e"


def shown(**changes: object) -> Page:
    return Page(data_page(data_report(**changes)))


def test_the_verdict_and_what_speaks_against_the_data_come_first() -> None:
    page = shown()

    assert page.texts["strong"][0] == "The data passes with warnings"
    assert page.texts["bdi"][:2] == ["contract: 9 rows are not", "class_balance: train has few"]
    assert page.content.index("<li>") < page.content.index("<h2>")


@pytest.mark.parametrize(
    ("verdict", "told"),
    [("pass", "The data passes"), ("blocked", "The data is blocked: no turn goes on with it")],
)
def test_each_verdict_has_its_words(verdict: str, told: str) -> None:
    assert shown(verdict=verdict).texts["strong"][0] == told


def test_all_that_there_is_has_its_heading() -> None:
    assert shown().texts["h2"] == [
        "Rows",
        "What changed",
        "Labels",
        "Lengths",
        "Checks",
        "Held back",
        "Between two splits",
        "Labels to look at",
        "Where it comes from",
    ]


def test_what_there_is_none_of_has_no_heading() -> None:
    bare = {"held": (), "leaks": (), "doubts": (), "classes": (), "lengths": (), "change": None}

    assert shown(**bare).texts["h2"] == ["Rows", "Checks", "Where it comes from"]


def test_every_split_is_in_the_bar_and_in_words() -> None:
    page = shown()
    whole, *_ = page.named("svg")

    assert whole["aria-label"] == (
        "700 train, 200 validation, 300 holdout, 9 quarantined, 4 parked"
    )
    widths = [float(r["width"].rstrip("%")) for r in page.named("rect") if r["height"] == "18"]
    assert sum(widths) == pytest.approx(100, abs=0.01)


def test_what_changed_is_counted_by_split_and_altogether() -> None:
    page = shown()

    (caption,) = [c for c in page.texts["caption"] if c.startswith("Since version aaaaaaaaaaaa")]
    assert "1,200 rows, +200" in caption
    cells = [t for t in page.texts["td"] if t in {"205", "5", "8"}]
    assert cells[-3:] == ["205", "5", "8"]


def test_a_long_list_of_labels_is_folded_and_none_of_them_is_lost() -> None:
    page = shown(classes=(classes(40),))

    assert "25 more labels" in page.texts["summary"]
    assert {f"label {n}" for n in range(40)} <= set(page.texts["bdi"])


def test_a_label_that_only_the_version_before_had_is_told() -> None:
    gone = ClassesOf(field="topic", classes=(ClassRows(label="fax", rows=0, before=7),))

    assert "0 (was 7)" in shown(classes=(gone,)).texts["td"]


def test_rows_are_folded_by_reason_and_say_how_many_more_there_are() -> None:
    page = shown()

    assert ": 9 rows" in page.texts["summary"][0]
    assert "and 8 more" in page.texts["p"]
    assert "row 3" in page.texts["span"]


def test_a_leak_says_what_it_repeats_and_a_doubt_what_is_likelier() -> None:
    page = shown()

    assert "nearly repeats row 12 of test.csv (holdout)" in page.texts["bdi"]
    assert {"my card is lost", "fee", "card"} <= set(page.texts["bdi"])
    assert "and 2 more" in page.texts["p"]


def test_lengths_say_their_bins_to_who_cannot_see_them() -> None:
    labels = [str(drawn.get("aria-label")) for drawn in shown().named("svg")]
    (told,) = [label for label in labels if "length" in label]

    assert told == (
        "text: length in characters, 1,200 rows; "
        "from 8: 100, from 16: 600, from 32: 400, from 64: 99, from 128: 1"
    )


def test_words_of_users_never_become_elements_and_nothing_is_fetched() -> None:
    clean = shown()
    row = held(place=HOSTILE, column=HOSTILE, value=HOSTILE, reason=HOSTILE, remedy=HOSTILE)
    page = shown(
        program=HOSTILE,
        about=HOSTILE,
        checks=(DataCheck(name=HOSTILE, severity=HOSTILE, count=1, message=HOSTILE),),
        held=(HeldRows(check=HOSTILE, count=1, rows=(row,)),),
        leaks=(row,),
        doubts=(doubted(place=HOSTILE, value=HOSTILE, label=HOSTILE, suggested=HOSTILE),),
        classes=(ClassesOf(field=HOSTILE, classes=(ClassRows(label=HOSTILE, rows=1),)),),
        lengths=(LengthsOf(field=HOSTILE, edges=(0.0, 1.0), counts=(0, 3)),),
        facts={HOSTILE: HOSTILE},
    )

    assert {name for name, _ in page.elements} <= {name for name, _ in clean.elements}
    assert not [a for _, given in page.elements for a in given if a.startswith("on")]
    assert not page.named("script") + page.named("img") + page.named("link")
    assert "\x00" not in page.content
    assert "\u202e" not in page.content


@pytest.mark.parametrize("letter", ["x", "<", "\u200b\u202e"])
def test_a_page_stays_below_a_megabyte_whatever_people_wrote(letter: str) -> None:
    row = held(value=letter * 200, reason=letter * 200, remedy=letter * 200)
    checks = [HeldRows(check=f"check {n}", count=90_000, rows=(row,) * 50) for n in range(15)]

    page = data_page(data_report(held=tuple(checks), leaks=(row,) * 50))

    assert len(page.encode()) < LARGEST_PAGE
    assert "more</p>" in page


def test_an_empty_dataset_has_a_page_too() -> None:
    nothing = {"rows": 0, "accepted": 0, "quarantined": 0, "parked": 0, "left_out": 0}
    page = shown(**nothing, splits={}, checks=(), verdict="blocked", classes=(classes(0),))

    assert page.texts["strong"][0].startswith("The data is blocked")
