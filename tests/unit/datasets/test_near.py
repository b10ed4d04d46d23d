from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core.datasets.near.index import GRAM_SIZE, NearIndex
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
