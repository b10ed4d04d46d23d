"""Text comparison: normal form, n-grams, features and the index."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.text import (
    Index,
    character_ngrams,
    cosine,
    features,
    jaccard,
    normalise,
    stem,
    words,
)

# Small on purpose: letters that fold to several, loose marks, several kinds of space and quotes.
TEXTS = st.text(alphabet="aAbZßÉe\u0301İŉΣς\u0345ﬁ7_'’-. \t\n\u00a0", max_size=30)
CARD, REFUND, TRANSFER = "I lost my card", "I want a refund", "My transfer is still pending"


def test_composed_and_decomposed_characters_case_and_space_are_one_text() -> None:
    assert normalise("  Cafe\u0301\n\tSTRASSE ") == normalise("café straße")


@given(TEXTS)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once


def test_a_text_is_the_same_in_full_width_and_a_power_is_no_digit() -> None:
    assert normalise("Ｃａｒｄ　１２") == normalise("card 12")
    assert normalise("ｶﾞｰﾄﾞ") == normalise("ガード")
    assert normalise("x²") != normalise("x2")


def test_words_leave_out_punctuation_and_underscores() -> None:
    assert words("Why's card_payment declined?!") == ["why's", "card", "payment", "declined"]


@pytest.mark.parametrize(
    ("inflected", "other"),
    [("declined", "decline"), ("topping", "top"), ("payments", "payment"), ("charges", "charged")],
)
def test_forms_of_one_word_share_a_stem(inflected: str, other: str) -> None:
    assert stem(inflected) == stem(other)


def test_character_ngrams_cross_word_borders() -> None:
    assert character_ngrams("A bc", 3) == {"a b", " bc"}


def test_a_text_shorter_than_n_is_its_own_ngram_and_an_empty_one_has_none() -> None:
    assert character_ngrams("ab", 4) == {"ab"}
    assert character_ngrams("  ", 4) == frozenset()


def test_ngrams_of_length_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        character_ngrams("abc", 0)


def test_jaccard_is_the_shared_part() -> None:
    assert jaccard({"a", "b"}, {"b", "c"}) == pytest.approx(1 / 3)
    assert jaccard(set(), set()) == 1.0
    assert jaccard({"a"}, set()) == 0.0


def test_content_words_weigh_more_than_stop_words() -> None:
    weights = features("the card")

    assert weights["w card"] == 2.0
    assert weights["w the"] == 0.3


def test_a_repeated_word_counts_less_than_twice() -> None:
    assert features("card")["w card"] < features("card card")["w card"] < 4.0


def test_cosine_is_one_for_equal_texts_and_zero_without_overlap() -> None:
    assert cosine(CARD, CARD) == pytest.approx(1.0)
    assert cosine("refund", "pin") == 0.0
    assert cosine("", "pin") == 0.0


@given(TEXTS, TEXTS)
def test_cosine_is_symmetric_and_between_zero_and_one(left: str, right: str) -> None:
    value = cosine(left, right)

    assert 0.0 <= value <= 1.0
    assert value == pytest.approx(cosine(right, left))


def test_the_nearest_text_comes_first() -> None:
    index = Index([REFUND, CARD, TRANSFER])

    nearest = index.nearest("where is my lost card?", 2)

    assert nearest[0][0] == 1
    assert len(nearest) == 2
    assert nearest[0][1] > nearest[1][1]


def test_an_indexed_text_finds_itself_with_similarity_one() -> None:
    assert Index([CARD, REFUND]).nearest(CARD, 1) == [(0, pytest.approx(1.0))]


def test_equal_similarities_come_in_the_order_of_the_texts() -> None:
    index = Index([REFUND, CARD, CARD, CARD])

    assert [position for position, _ in index.nearest(CARD, 4)] == [1, 2, 3, 0]


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    index = Index(["card pin", "card limit", "card fee"])

    similarities = index.similarities("limit of the card")

    assert similarities[1] == max(similarities)


def test_an_empty_index_and_an_empty_query_find_nothing_similar() -> None:
    assert Index([]).nearest(CARD, 3) == []
    assert Index([CARD, ""]).nearest("", 3) == [(0, 0.0), (1, 0.0)]


def test_an_index_is_copied_for_free_and_rebuilt_from_its_texts_elsewhere() -> None:
    index = Index([CARD, REFUND])
    build, arguments = index.__reduce__()

    assert copy.copy(index) is copy.deepcopy(index) is index
    assert arguments == ((CARD, REFUND),)
    assert build(*arguments).nearest(REFUND, 2) == index.nearest(REFUND, 2)
