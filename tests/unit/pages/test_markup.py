"""Markup: nothing that a user or an LM wrote becomes an element, hides, or grows without end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.pages.markup import LONGEST_TEXT, Html, said, tag, visible
from unit.pages.samples import Page


def test_a_child_is_escaped_unless_it_is_markup() -> None:
    inner = tag("b", "1 < 2")

    assert tag("p", inner, "<i>") == "<p><b>1 &lt; 2</b>&lt;i&gt;</p>"


def test_markup_added_to_text_is_text_again() -> None:
    assert tag("p", Html("<b>") + "x") == "<p>&lt;b&gt;x</p>"


def test_an_attribute_is_escaped_and_may_be_left_out() -> None:
    made = tag("td", "x", class_='" onload="alert(1)', data_label=None, aria_label="a")

    assert made == '<td class="&quot; onload=&quot;alert(1)" aria-label="a">x</td>'


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\x00b", "a[U+0000]b"),
        ("\ud800", "[U+D800]"),
        ("gpj\u202eexe", "gpj[U+202E]exe"),
        ("a\u2067b", "a[U+2067]b"),
        ("line\nline\tend", "line\nline\tend"),
        ("متى تصل بطاقتي؟", "متى تصل بطاقتي؟"),
    ],
)
def test_what_hides_or_turns_text_is_written_out(written: str, shown: str) -> None:
    assert visible(written) == shown


def test_what_somebody_said_has_a_direction_of_its_own() -> None:
    assert said("متى") == '<bdi dir="auto">متى</bdi>'


def test_a_long_text_is_clipped_and_that_is_told() -> None:
    made = said({"text": "x" * 1_000_000})

    assert len(made) < LONGEST_TEXT + 200
    assert "the first 1,000 of 1,000,000 characters" in made


def test_several_values_have_their_names_and_one_has_none() -> None:
    (one, *_), pair = Page(said({"a": 1})).texts["bdi"], Page(said({"a": [1], "b": None}))

    assert one == "1"
    assert pair.texts["bdi"] == ["[1]", "null"]
    assert pair.texts["span"] == ["a: ", "b: "]


def test_no_value_at_all_is_told_too() -> None:
    assert "nothing" in said({})


@given(st.text(st.characters(), max_size=LONGEST_TEXT).filter(lambda text: "\r" not in text))
def test_a_reader_gets_any_text_as_it_is_shown(text: str) -> None:
    page = Page(said(text))

    assert [name for name, _ in page.elements] == ["bdi"]
    assert page.texts["bdi"] == [visible(text)]
