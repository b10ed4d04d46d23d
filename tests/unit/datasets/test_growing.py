"""A program's data grows for twenty turns: what is decided stays, and the index keeps up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from dspyui_core.datasets import Fold, Row, content_hash, input_text
from dspyui_core.datasets.near.index import GRAM_SIZE, Collection
from dspyui_core.datasets.near.stored import load_collection
from dspyui_core.datasets.splitting.assigning import Assigned, preview, record
from dspyui_core.datasets.splitting.known import keep_index, known_in_store
from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.spec import Shares
from dspyui_core.storage import Derived
from dspyui_core.store.tables import split
from dspyui_core.text import character_ngrams, jaccard
from unit.datasets.helpers import AT, make_spec

SIMILARITY = 0.7
TURNS = 20
STORY = (
    *("yesterday", "someone", "charged", "me", "twice", "for", "three", "small", "coffees", "at"),
    *("the", "little", "station", "near", "the", "old", "bridge", "and", "my", "new", "card"),
    *("was", "declined", "when", "i", "wanted", "to", "pay", "for", "the", "ticket", "home"),
)
# Windows of one story: overlapping ones are near duplicates, so chains and bridges are common.
TEXTS = st.tuples(st.integers(0, 24), st.integers(4, 14)).map(
    lambda window: " ".join(STORY[window[0] : window[0] + window[1]])
)
ASKED = st.sampled_from(["auto", "auto", "auto", "auto", "train", "holdout"])
ROWS = st.lists(
    st.tuples(TEXTS, ASKED, st.booleans()), min_size=TURNS, max_size=60, unique_by=lambda r: r[0]
)


def gold(text: str, asked: Any = "auto") -> Row:
    return Row.of({"text": text}, {"intent": "a"}, "gold", source="r.csv", split=asked, data_row=1)


def said(text: str) -> Row:
    made = Row.of({"text": text}, {"intent": "a"}, "proposed", source="feedback")
    return replace(made, position=1, trace_id=f"t-{text}")


def fold_of(rows: Sequence[Row]) -> Fold:
    spec = make_spec()
    return Fold(
        spec=spec,
        rows=tuple(rows),
        findings=(),
        notes=(),
        version=content_hash(rows),
        upto=0,
        total=len(rows),
        left_out=0,
        superseded=0,
        sources=(),
    )


def turn(engine: Engine, rows: Sequence[Row], folder: Path) -> Assigned:
    """One turn over all rows so far, as `settle` does it."""
    keys = [row.key for row in rows]
    known = known_in_store(engine, "p", keys, folder=folder, keep=True)
    assigned = preview(fold_of(rows), Shares(), SIMILARITY, known=known)
    record(engine, assigned, at=AT)
    keep_index(engine, "p", folder, SIMILARITY, on_progress=None)
    return assigned


@cache
def grams_of(text: str) -> frozenset[str]:
    return character_ngrams(text, GRAM_SIZE)


def crossing(rows: Iterable[Row]) -> list[tuple[str, str]]:
    grams = [(row, grams_of(input_text(row.inputs))) for row in rows]
    return [
        (a.inputs["text"], b.inputs["text"])
        for (a, left), (b, right) in combinations(grams, 2)
        if a.split != b.split and jaccard(left, right) >= SIMILARITY
    ]


def known_pairs(texts: Collection, asked: Sequence[str]) -> set[tuple[int, int]]:
    found = texts.near(asked)
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True))


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=ROWS, order=st.randoms(use_true_random=False))
def test_over_twenty_turns_no_input_moves_and_no_pair_stands_on_both_sides(
    engine: Engine, tmp_path: Path, story: list[Any], order: Any
) -> None:
    with engine.begin() as connection:
        connection.execute(delete(split))
    folder = Derived(tmp_path).near("p")
    rows = [said(text) if spoken else gold(text, asked) for text, asked, spoken in story]
    order.shuffle(rows)
    cuts = sorted(order.sample(range(1, len(rows)), TURNS - 1))
    decided = dict[str, str]()

    for end in (*cuts, len(rows)):
        assigned = turn(engine, order.sample(rows[:end], end), folder)

        now = {row.key: row.split for row in assigned.rows}
        assert {key: now.get(key, where) for key, where in decided.items()} == decided
        assert crossing(assigned.rows) == []
        assert not any(row.is_feedback for row in assigned.of("holdout"))
        decided |= now

    places = read_ledger(engine, "p").places
    assert {key: place.split for key, place in places.items()} == decided
    stored = load_collection(folder)
    assert stored is not None
    texts = [place.text for place in places.values()]
    fresh = Collection.empty(SIMILARITY).extended(texts, range(1, len(texts) + 1))
    first = stored.mark["last"] - len(texts)
    expected = {(left, right + first) for left, right in known_pairs(fresh, texts)}
    assert known_pairs(stored.texts, texts) == expected
