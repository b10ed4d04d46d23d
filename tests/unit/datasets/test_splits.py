from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from dspyui_core.datasets import Fold, Row, content_hash, input_text
from dspyui_core.datasets.near.index import GRAM_SIZE
from dspyui_core.datasets.splitting.assigning import Assigned, assign, preview, record
from dspyui_core.datasets.splitting.ledger import Ledger, read_ledger
from dspyui_core.errors import ConflictError
from dspyui_core.spec import Shares
from dspyui_core.text import character_ngrams, jaccard
from unit.datasets.helpers import AT, make_spec, topics

SHARES = Shares()
SIMILARITY = 0.7
BASE = "i lost my card at the station yesterday"


def row(text: str, split: Any = "auto", *, trust: Any = "gold", data_row: int = 1) -> Row:
    return Row.of(
        {"text": text}, {"intent": "a"}, trust, source="r.csv", split=split, data_row=data_row
    )


def said(text: str, position: int = 1) -> Row:
    made = row(text, trust="proposed")
    return replace(made, source="feedback", position=position, trace_id=f"t{position}")


def fold_of(rows: Sequence[Row]) -> Fold:
    return Fold(make_spec(), tuple(rows), (), (), content_hash(rows), 0, len(rows), 0, 0, ())


def decided(rows: Sequence[Row], ledger: Ledger | None = None, shares: Shares = SHARES) -> Assigned:
    return preview(fold_of(rows), shares, SIMILARITY, ledger=ledger)


def grown(ledger: Ledger, assigned: Assigned) -> Ledger:
    places = {new.key: new.place for new in assigned.new}
    return Ledger({**ledger.places, **places}, ledger.last + len(places))


def splits(assigned: Assigned) -> dict[str, str]:
    return {row.inputs["text"]: row.split for row in assigned.rows}


def test_shares_are_kept_roughly_and_everything_gets_a_split() -> None:
    assigned = decided([row(topic["text"]) for topic in topics(400)])

    counts = [len(assigned.of(name)) for name in ("train", "validation", "holdout")]
    assert sum(counts) == 400
    assert all(abs(count - share) < 45 for count, share in zip(counts, (200, 80, 120), strict=True))


def test_a_near_duplicate_inherits_the_split_that_is_known() -> None:
    for split in ("train", "validation", "holdout"):
        ledger = grown(Ledger(), decided([row(BASE, split)]))

        assigned = decided([row(BASE + " !")], ledger)

        assert splits(assigned) == {BASE + " !": split}
        assert assigned.groups[assigned.rows[0].key] == row(BASE).key


def test_a_bridge_between_known_rows_of_two_splits_is_quarantined() -> None:
    left, right = "aaaa bbbb cccc dddd eeee", "bbbb cccc dddd eeee ffff"
    ledger = grown(Ledger(), decided([row(left, "train"), row(right, "holdout")]))

    assigned = decided([row("aaaa bbbb cccc dddd eeee ffff", data_row=7)], ledger)

    assert assigned.rows == ()
    assert [(f.check, f.problem.row) for f in assigned.findings] == [("leakage", 7)]
    assert "holdout and train" in assigned.findings[0].problem.reason


def test_an_explicit_split_is_honoured_at_first_sight_and_only_then() -> None:
    ledger = grown(Ledger(), decided([row(BASE, "validation")]))

    later = decided([row(BASE, "holdout")], ledger)

    assert splits(later) == {BASE: "validation"}
    assert "was validation at first sight" in later.notes[0].problem.reason


def test_the_holdout_comes_first_where_explicit_splits_contradict_each_other() -> None:
    assigned = decided([row(BASE, "train", data_row=1), row(BASE + "!", "holdout", data_row=2)])

    assert splits(assigned) == {BASE + "!": "holdout"}
    assert [f.problem.row for f in assigned.findings] == [1]
    assert "asks for train but nearly repeats rows of holdout" in str(assigned.findings[0].problem)


def test_new_rows_near_each_other_are_decided_together_along_a_chain() -> None:
    words = topics(1)[0]["text"] + " " + BASE
    chain = [words + "." * n + " and then" * (n % 2) for n in range(6)]

    assigned = decided([row(text) for text in chain])

    assert len(set(assigned.groups.values())) == 1
    assert len(set(splits(assigned).values())) == 1
    assert set(assigned.groups.values()) == {min(assigned.groups)}


def test_feedback_on_a_holdout_input_or_near_one_is_parked() -> None:
    ledger = grown(Ledger(), decided([row(BASE, "holdout")]))

    assigned = decided([said(BASE, 1), said(BASE + "!", 2)], ledger)

    assert [found.position for found in assigned.parked] == [1, 2]
    assert (assigned.rows, assigned.new, assigned.findings) == ((), (), ())


def test_feedback_near_gold_of_the_same_turn_follows_it() -> None:
    assigned = decided([said(BASE + "!"), row(BASE, "holdout")])

    assert splits(assigned) == {BASE: "holdout"}
    assert len(assigned.parked) == 1


@pytest.mark.parametrize(
    ("shares", "allowed"),
    [
        (SHARES, {"train", "validation"}),
        (Shares(train=0, validation=0, holdout=1), {"train"}),
        (Shares(train=0, validation=1, holdout=0), {"validation"}),
        (Shares(train=1, validation=0, holdout=0), {"train"}),
    ],
)
def test_feedback_goes_to_train_and_validation_only(shares: Shares, allowed: set[str]) -> None:
    rows = [said(topic["text"], n) for n, topic in enumerate(topics(60), 1)]

    assigned = decided(rows, shares=shares)

    assert {row.split for row in assigned.rows} == allowed
    assert len(assigned.rows) == 60


def test_the_ledger_is_written_once_and_the_same_again_changes_nothing(engine: Engine) -> None:
    found = fold_of([row(topic["text"]) for topic in topics(20)])

    first = assign(engine, found, SHARES, SIMILARITY, at=AT)
    ledger = read_ledger(engine, "p")
    second = assign(engine, found, SHARES, SIMILARITY, at=AT)

    assert first.rows == second.rows
    assert len(first.new) == 20
    assert second.new == ()
    assert read_ledger(engine, "p") == ledger
    assert read_ledger(engine, "another").places == {}


def test_two_deciders_at_once_cannot_both_write(engine: Engine) -> None:
    slow = preview(fold_of([row(BASE)]), SHARES, SIMILARITY, ledger=read_ledger(engine, "p"))
    assign(engine, fold_of([row(BASE + "!")]), SHARES, SIMILARITY, at=AT)

    with pytest.raises(ConflictError, match="grew while"):
        record(engine, slow, at=AT)

    assert len(read_ledger(engine, "p").places) == 1


# Windows of one story: overlapping ones are near duplicates, so chains and bridges are common.
STORY = [
    "yesterday",
    "someone",
    "charged",
    "twice",
    "what",
    "three",
    "coffees",
    "cost",
    "around",
    "that",
    "little",
    "station",
]
WORDS = st.tuples(st.integers(0, 6), st.integers(5, 12)).map(
    lambda window: " ".join(STORY[window[0] : window[0] + window[1]])
)
ASKED = st.sampled_from(["auto", "auto", "auto", "train", "validation", "holdout"])
TURN = st.tuples(st.lists(st.tuples(WORDS, ASKED), max_size=8), st.lists(WORDS, max_size=6))


def rows_of(turn: tuple[list[tuple[str, str]], list[str]]) -> list[Row]:
    gold = {made.key: made for made in (row(text, split) for text, split in turn[0])}
    feedback = {made.key: made for made in (said(text) for text in turn[1])}
    return list({**feedback, **gold}.values())


def crossing(rows: Iterable[Row]) -> list[tuple[str, str]]:
    grams = [(row, character_ngrams(input_text(row.inputs), GRAM_SIZE)) for row in rows]
    return [
        (a.inputs["text"], b.inputs["text"])
        for (a, left), (b, right) in combinations(grams, 2)
        if a.split != b.split and jaccard(left, right) >= SIMILARITY
    ]


@settings(max_examples=25, deadline=None)
@given(turns=st.lists(TURN, min_size=1, max_size=4))
def test_splits_hold_over_turns(turns: list[Any]) -> None:
    ledger, everyone = Ledger(), dict[str, Row]()
    for turn in turns:
        rows = rows_of(turn)
        assigned = decided(rows, ledger)
        after = grown(ledger, assigned)
        again = decided(rows, after)

        # a known key never moves, and doing it again changes nothing
        assert all(after.places[key] == place for key, place in ledger.places.items())
        assert all(row.split == after.places[row.key].split for row in assigned.rows)
        assert (again.rows, again.parked, again.new) == (assigned.rows, assigned.parked, ())
        # every row is used, parked or quarantined, and feedback is never in the holdout
        quarantined = {finding.problem.value for finding in assigned.findings}
        out = {row.inputs["text"] for row in assigned.parked} | quarantined
        assert splits(assigned).keys() | out == {row.inputs["text"] for row in rows}
        assert not any(row.is_feedback for row in assigned.of("holdout"))
        everyone |= {row.key: row for row in assigned.rows}
        ledger = after

    # no near-duplicate pair crosses splits, of one turn or of several
    assert crossing(everyone.values()) == []


@settings(max_examples=25, deadline=None)
@given(turn=TURN, order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_decides_nothing(turn: Any, order: Any) -> None:
    rows = rows_of(turn)

    assert splits(decided(rows)) == splits(decided(order.sample(rows, len(rows))))
