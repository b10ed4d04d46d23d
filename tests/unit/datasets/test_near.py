from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core.datasets.near import pairs, segment
from dspyui_core.datasets.near.index import GRAM_SIZE, Collection, NearIndex
from dspyui_core.text import character_ngrams, jaccard

SENTENCES = st.lists(
    st.lists(
        st.sampled_from(["card", "cards", "my", "is", "lost", "x"]), min_size=1, max_size=7
    ).map(" ".join),
    min_size=1,
    max_size=8,
    unique=True,
)


@settings(max_examples=50, deadline=None)
@given(
    texts=SENTENCES, queries=SENTENCES, similarity=st.sampled_from([0.1, 0.5, 0.55, 0.7, 0.9, 1.0])
)
def test_the_index_finds_exactly_what_comparing_every_pair_finds(
    texts: list[str], queries: list[str], similarity: float
) -> None:
    index = NearIndex({text: text for text in texts}, similarity)

    found = {(query, key) for query in queries for key in index.similar(query)}

    grams = {text: character_ngrams(text, GRAM_SIZE) for text in (*texts, *queries)}
    expected = {
        (query, text)
        for query, text in product(queries, texts)
        if jaccard(grams[query], grams[text]) >= similarity
    }
    assert found == expected


@pytest.mark.parametrize("query", ["", "   ", "zzzzzz"])
def test_a_text_with_nothing_in_common_is_near_nothing(query: str) -> None:
    assert NearIndex({"a": "lost my card", "b": ""}, 0.1).similar(query) == ()


def test_a_similarity_exactly_on_the_bar_counts_whatever_floating_point_says() -> None:
    letters = "".join(chr(0x4E00 + n) for n in range(103))

    assert NearIndex({"part": letters[:58]}, 0.55).similar(letters) == ("part",)


@pytest.mark.parametrize("query", ["help", "Help!", "  ...HELP?", "help :)"])
def test_a_text_in_the_same_words_is_near_however_short(query: str) -> None:
    index = NearIndex({"a": "Help", "b": "help me", "c": "?!"}, 0.7)

    assert index.similar(query) == ("a",)


def test_texts_without_any_word_are_compared_by_their_characters() -> None:
    assert NearIndex({"a": "?!", "b": "..."}, 0.7).similar("?!") == ("a",)


def test_with_too_many_meetings_only_rare_grams_are_met_and_no_pair_is_made_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wording = "this is the wording that all of the many rows of a large file share with each other"
    texts = [f"{wording}, row {number:06d}" for number in range(0, 40_000, 997)]
    everything = Collection.empty(0.7).compare(texts)
    exact = everything.among

    monkeypatch.setattr(segment, "MOST_MEETINGS", 1_000)
    monkeypatch.setattr(segment, "FEWER_MEETINGS", 500)
    compared = Collection.empty(0.7).compare(texts)
    fewer = compared.among

    near = set(zip(exact.left.tolist(), exact.right.tolist(), strict=True))
    found = set(zip(fewer.left.tolist(), fewer.right.tolist(), strict=True))
    assert len(near) == len(texts) * (len(texts) - 1) / 2
    assert found < near
    assert found
    assert (everything.complete, compared.complete) == (True, False)


def test_with_too_many_pairs_each_text_keeps_a_few_and_all_still_hang_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wording = "this is the wording that all of the many rows of a large file share with each other"
    texts = [f"{wording}, row {number:06d}" for number in range(0, 40_000, 997)]

    monkeypatch.setattr(pairs, "MOST_PAIRS", 100)
    found = Collection.empty(0.7).compare(texts).among

    reached = {0}
    for _ in texts:
        for left, right in zip(found.left.tolist(), found.right.tolist(), strict=True):
            reached |= {left, right} if reached & {left, right} else set()
    assert len(found) <= len(texts) * 16
    assert reached == {*range(len(texts))}
