"""Whatever is done to a home in whatever order, it comes to what the reference writes down."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from dspyui_core.datasets import Gold, parse_gold
from dspyui_core.testing import tiny_spec
from support import deeds
from support.deeds import Deed, House, Predict, by_the_book, really
from support.forked import exit_code, forked
from support.reference import Reference

GOLD_TEXT = deeds.TEXTS[-1]


@cache
def gold() -> Gold:
    """One row of the user's own, whose text users also ask."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gold.csv")
        path.write_text(f"text,topic\n{GOLD_TEXT},account\n")
        return parse_gold(tiny_spec(dataset={"sources": str(path)}))


def compare(house: House, book: Reference) -> None:
    """The journal, the fold and the full export are what the reference says."""
    assert house.entries() == book.entries
    assert house.exported() == book.exported()
    learned = {text: row for text, row in book.fold().items() if text != GOLD_TEXT}
    assert house.fold(gold()) == learned


@contextmanager
def opened() -> Iterator[House]:
    """A house in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            yield house
        finally:
            house.close()


class Life(RuleBasedStateMachine):
    """Predict, rate, correct, edit, retract, repeat, import, export, crash, restart."""

    def __init__(self) -> None:
        super().__init__()
        self.context = opened()
        self.house, self.book = self.context.__enter__(), Reference()
        self.done: list[Deed] = []
        self.had: dict[str, list[int]] = {"crm": [], "lab": []}

    def do(self, deed: Deed) -> None:
        assert really(deed, self.house) == by_the_book(deed, self.book)
        self.done.append(deed)

    @initialize(texts=st.lists(st.sampled_from(deeds.TEXTS), min_size=2, max_size=2))
    def somebody_asks(self, texts: list[str]) -> None:
        for trace, text in zip(deeds.ANSWERED, texts, strict=True):
            self.do(Predict(trace, text, "billing"))

    @rule(deed=deeds.predicts)
    def predict(self, deed: Deed) -> None:
        self.do(deed)

    @rule(deed=deeds.says)
    def say(self, deed: Deed) -> None:
        self.do(deed)

    @rule(deed=deeds.says)
    def say_more(self, deed: Deed) -> None:
        self.do(deed)

    @rule(deed=deeds.takes_in)
    def take_in(self, deed: Deed) -> None:
        self.do(deed)

    @rule(deed=deeds.goes_back_and_forth)
    def change_ones_mind(self, deed: Deed) -> None:
        self.do(deed)

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self.do(data.draw(st.sampled_from(self.done)))

    @rule(fetch=deeds.fetches)
    def fetch(self, fetch: deeds.Fetch) -> None:
        piece = really(fetch, self.house)
        assert piece == by_the_book(fetch, self.book)
        self.had[fetch.consumer] += [row["position"] for row in piece]

    @rule()
    def crash(self) -> None:
        self.house.crash()

    @rule()
    def restart(self) -> None:
        self.house.restart()

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        compare(self.house, self.book)

    def teardown(self) -> None:
        standing = {row["position"] for row in self.book.exported()}
        for consumer, had in self.had.items():
            rest = deeds.Fetch(consumer, None)
            had += [row["position"] for row in really(rest, self.house)]
            assert had == sorted(set(had))
            assert standing <= set(had)
        self.context.__exit__(None, None, None)


def test_every_sequence_of_deeds_comes_to_what_the_reference_says() -> None:
    run_state_machine_as_test(
        Life, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )


@settings(max_examples=40, deadline=None)
@given(
    todo=st.lists(deeds.writes, min_size=3, max_size=12),
    ends=st.lists(st.floats(0, 1), min_size=1, max_size=3),
)
def test_whoever_is_killed_and_told_again_loses_and_doubles_nothing(
    todo: Sequence[Deed], ends: Sequence[float]
) -> None:
    todo = [*(Predict(trace, "the bill", "billing") for trace in deeds.ANSWERED), *todo]
    with opened() as house:
        acknowledged = 0
        for end in ends:
            left = len(todo) - acknowledged
            acknowledged += _done_until_killed(house, todo[acknowledged:], int(end * left))
        # The last one that was not acknowledged may be done already.
        for deed in todo[acknowledged:]:
            really(deed, house)
        book = Reference()
        for deed in todo:
            by_the_book(deed, book)
        compare(house, book)


def _done_until_killed(house: House, todo: Sequence[Deed], after: int) -> int:
    """How many deeds a child acknowledged that was killed (-9) some time after that many."""
    house.restart()
    reads, writes = os.pipe()

    def work() -> None:
        for deed in todo:
            really(deed, house)
            os.write(writes, b".")

    child = forked(work)
    os.close(writes)
    seen = 0
    while seen < after and os.read(reads, 1):
        seen += 1
    os.kill(child, signal.SIGKILL)
    exit_code(child)
    while os.read(reads, 1):
        seen += 1
    os.close(reads)
    return seen
