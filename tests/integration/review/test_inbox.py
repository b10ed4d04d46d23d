"""The inbox in a database: opened once, decided once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, NotFoundError
from dspyui_core.review import Inbox, LabelledSample, ReviewItem, labelled_samples

AT = datetime(2025, 1, 1, tzinfo=UTC)
SAMPLE: dict[str, Any] = {"inputs": {"text": "hello"}, "trace_id": "t1", "input_key": "k1"}


@pytest.fixture
def inbox(engine: Engine) -> Inbox:
    return Inbox(engine, now=lambda: AT)


def opened(inbox: Inbox, key: str = "a", **content: Any) -> ReviewItem:
    return inbox.open_item("p", "sample", key, SAMPLE | content)


def test_an_item_is_open_with_what_a_person_needs_to_see(inbox: Inbox) -> None:
    item = opened(inbox)

    assert item == inbox.get(item.seq)
    assert (item.state, item.content, item.opened_at) == ("open", SAMPLE, AT)
    assert (item.actor, item.comment, item.answer, item.decided_at) == (None,) * 4


def test_opening_one_key_twice_keeps_the_first(inbox: Inbox) -> None:
    first = opened(inbox)

    assert opened(inbox, other="content") == first
    assert inbox.open_items("p", "sample", {"a": SAMPLE}) == ()


def test_one_key_of_another_program_or_kind_is_another_item(inbox: Inbox) -> None:
    items = [opened(inbox), inbox.open_item("q", "sample", "a", {})]
    items.append(inbox.open_item("p", "row", "a", {}))

    assert len({item.seq for item in items}) == 3


def test_a_decision_says_who_why_and_what(inbox: Inbox) -> None:
    answer = {"intent": "greet"}

    item = inbox.decide(opened(inbox).seq, "accepted", actor="ana", comment="so", answer=answer)

    assert (item.state, item.actor, item.comment, item.answer) == ("accepted", "ana", "so", answer)
    assert item.decided_at == AT


def test_a_second_decision_is_refused_and_changes_nothing(inbox: Inbox) -> None:
    first = inbox.decide(opened(inbox).seq, "accepted", actor="ana")

    with pytest.raises(ConflictError, match="accepted already, by ana"):
        inbox.decide(first.seq, "rejected", actor="ben")

    assert inbox.get(first.seq) == first


def test_of_two_who_decide_at_once_one_wins(inbox: Inbox) -> None:
    seq = opened(inbox).seq

    def decide(actor: str) -> str:
        try:
            inbox.decide(seq, "accepted", actor=actor)
        except ConflictError:
            return "refused"
        return actor

    with ThreadPoolExecutor(4) as people:
        outcomes = list(people.map(decide, ["ana", "ben", "cem", "dora"]))

    assert outcomes.count("refused") == 3
    assert inbox.get(seq).actor in outcomes


def test_deciding_many_decides_all_or_none(inbox: Inbox) -> None:
    first, second = opened(inbox), opened(inbox, "b")
    inbox.decide(second.seq, "rejected", actor="ana")

    with pytest.raises(ConflictError):
        inbox.decide_all({first.seq: {}, second.seq: {}}, "accepted", actor="ben", comments={})

    assert inbox.get(first.seq).state == "open"


def test_an_unknown_item_is_not_found(inbox: Inbox) -> None:
    with pytest.raises(NotFoundError, match="no item 99"):
        inbox.decide(99, "accepted", actor="ana")


def test_what_was_withdrawn_opens_again_and_what_was_decided_does_not(inbox: Inbox) -> None:
    first, second = opened(inbox), opened(inbox, "b")
    inbox.decide(second.seq, "rejected", actor="ana")

    assert inbox.withdraw("p", "sample", keep=(), comment="gone") == 1
    assert inbox.get(first.seq).state == "withdrawn"
    assert [item.seq for item in inbox.open_items("p", "sample", {"a": {}, "b": {}})] == [first.seq]
    assert (inbox.get(first.seq).state, inbox.get(second.seq).state) == ("open", "rejected")


def test_closing_what_is_closed_changes_nothing(inbox: Inbox) -> None:
    item = inbox.decide(opened(inbox).seq, "rejected", actor="ana")

    inbox.close(item.seq, "accepted", actor="ben", comment="late")

    assert inbox.get(item.seq) == item


def test_items_are_found_by_program_kind_and_state(inbox: Inbox) -> None:
    first, second = opened(inbox), opened(inbox, "b")
    other = inbox.open_item("q", "row", "a", {})
    inbox.decide(second.seq, "rejected", actor="ana")

    assert inbox.items(program="p", state="open") == (first,)
    assert inbox.items(kind="row") == (other,)
    assert len(inbox.items()) == 3
    assert (inbox.counts(), inbox.counts("p")) == ({"row": 1, "sample": 1}, {"sample": 1})


def test_forgetting_deletes_the_unwanted_items_of_one_program_decided_or_not(inbox: Inbox) -> None:
    opened(inbox, "a")
    inbox.decide(opened(inbox, "b").seq, "accepted", actor="ana", answer={"intent": "greet"})
    kept = opened(inbox, "c", trace_id="t3"), inbox.open_item("q", "sample", "a", SAMPLE)

    assert inbox.forget("p", lambda item: item.content["trace_id"] == "t1") == 2
    assert inbox.items() == kept


def test_labelled_samples_are_those_accepted_in_the_order_drawn(engine: Engine) -> None:
    times = iter(AT + timedelta(minutes=minute) for minute in range(9))
    inbox = Inbox(engine, now=lambda: next(times))
    first, second, third = opened(inbox), opened(inbox, "b"), opened(inbox, "c")
    inbox.decide(third.seq, "rejected", actor="ana")
    for item in (second, first):
        inbox.decide(item.seq, "accepted", actor="ana", answer={"intent": item.key})
    inbox.decide(inbox.open_item("q", "sample", "a", SAMPLE).seq, "accepted", actor="ana")

    found = labelled_samples(engine, "p")

    assert [sample.seq for sample in found] == [first.seq, second.seq]
    assert found[0] == LabelledSample(
        first.seq, {"text": "hello"}, {"intent": "a"}, "ana", AT + timedelta(minutes=5)
    )
