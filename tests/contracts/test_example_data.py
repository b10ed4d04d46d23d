"""The support inbox is what its README says: many natural messages, and a test file of its own."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import chain, combinations, pairwise

import pytest
import yaml

from contracts.source import ROOT
from dspyui_core.datasets.near.index import NearIndex
from dspyui_core.text import normalise, words

FOLDER = ROOT / "examples" / "support_routing"
NAMES = ("train", "holdout", "live", "test")
# The gate's own threshold, and one far below it that no template would pass.
NEAR = 0.7
ALIKE = 0.5
RUN = 6


def _rows(name: str) -> list[tuple[str, str]]:
    with (FOLDER / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["intent"]) for row in csv.DictReader(file)]


FILES = {name: _rows(name) for name in NAMES}
EVERYTHING = list(chain.from_iterable(FILES.values()))


def test_there_are_12_intents_with_at_least_120_messages_each() -> None:
    sizes = Counter(intent for _, intent in EVERYTHING)

    assert len(sizes) >= 12
    assert min(sizes.values()) >= 120


@pytest.mark.parametrize(
    ("name", "least"), [("train", 36), ("holdout", 400), ("live", 600), ("test", 300)]
)
def test_each_file_has_its_size_and_every_intent(name: str, least: int) -> None:
    assert len(FILES[name]) >= least
    assert {intent for _, intent in FILES[name]} == {intent for _, intent in EVERYTHING}


def test_training_starts_with_three_rows_an_intent() -> None:
    assert set(Counter(intent for _, intent in FILES["train"]).values()) == {3}


def test_no_message_comes_twice_and_none_nearly_does() -> None:
    texts = {normalise(text): normalise(text) for text, _ in EVERYTHING}
    index = NearIndex(texts, ALIKE)

    found = zip(texts, index.similar_to(texts), strict=True)
    near = [text for text, alike in found if set(alike) - {text}]

    assert len(texts) == len(EVERYTHING)
    assert ALIKE < NEAR
    assert near == []


def test_messages_are_not_made_from_templates() -> None:
    runs = Counter(chain.from_iterable(_runs(text) for text, _ in EVERYTHING))
    shared = {run for run, count in runs.items() if count > 2}

    assert not shared


def test_messages_are_of_every_length() -> None:
    lengths = sorted(len(words(text)) for text, _ in EVERYTHING)

    assert lengths[len(lengths) // 10] <= 7
    assert lengths[-len(lengths) // 20] >= 30


def test_the_program_is_given_neither_the_live_messages_nor_the_test() -> None:
    spec = yaml.safe_load((FOLDER / "programs" / "support-routing.yaml").read_text("utf-8"))
    sources = [s if isinstance(s, str) else s["path"] for s in spec["dataset"]["sources"]]

    assert sources == ["../data/train.csv", "../data/holdout.csv"]
    assert "promotion" not in spec


def _runs(text: str) -> set[tuple[str, ...]]:
    tokens = words(text)
    return {tuple(tokens[start : start + RUN]) for start in range(len(tokens) - RUN + 1)}


def test_no_two_messages_share_half_their_words_and_both_neighbours() -> None:
    pairs = [frozenset(pairwise(words(text))) for text, _ in EVERYTHING if len(words(text)) > RUN]

    alike = sum(len(a & b) > len(a | b) / 2 for a, b in combinations(pairs, 2))

    assert alike == 0
