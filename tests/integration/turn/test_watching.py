"""Watching a champion in a workspace: journal in, ledger and inbox out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, ModelNotFoundError
from dspyui_core.promotion import Ledger, LedgerEntry, hold_still
from dspyui_core.review import REVIEWED, Inbox
from dspyui_core.spec import WatchSpec
from dspyui_core.store.journal import Journal, NewFeedback, NewPrediction
from dspyui_core.testing import tiny_spec
from dspyui_core.turn import WatchReport, WatchRequest, decide_release, watch_champion
from integration.turn.desk import Desk, candidate, evaluated, snapshot
from support.registry import Crash

MORNING = datetime(2026, 1, 1, tzinfo=UTC)


class Day:
    """A clock that somebody moves on."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


class Counter(Desk):
    """A desk with a clock, where versions answer and users rate."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.day, self.holdback, self.traces = Day(), 0.0, 0
        super().__init__(engine, folder)
        self.journal = Journal(engine, now=self.day)
        self.releases = self.releases.__class__(
            Ledger(engine, now=self.day), self.releases.client, self.watermarks
        )
        self.spec = self.writes_spec()
        self.models = SimpleNamespace(load_model=self._loaded)

    def _loaded(self, name: str, version: int) -> Any:
        watch = WatchSpec(holdback=self.holdback)
        return SimpleNamespace(spec=tiny_spec(name=name).model_copy(update={"watch": watch}))

    def promotes(self, version: int) -> LedgerEntry:
        self.day.passes(hours=1)
        entry = self.releases.promote("p", version, reason="because", actor="ann")
        self.day.passes(hours=1)
        return entry

    def answers(self, version: int, number: int = 1, **facts: Any) -> list[str]:
        """So many answers of a version, a minute apart."""
        new = [self._answer(version, facts) for _ in range(number)]
        return [entry.trace_id for entry in self.journal.append(new)]

    def _answer(self, version: int, facts: dict[str, Any]) -> NewPrediction:
        self.traces += 1
        self.day.passes(minutes=1)
        answer = {"inputs": {"text": "a"}, "outputs": {"topic": "b"}, "latency_ms": 10.0}
        trace = f"t{self.traces}"
        return NewPrediction("p", trace, {**answer, **facts}, version=version, at=self.day.now)

    def rates(self, trace: str, good: bool | None, *, user: str = "ben", **said: Any) -> None:
        self.journal.append([_word(trace, good, user, **said)])

    def rated(self, version: int, good: int, bad: int) -> None:
        """Answers of a version, each rated; the good and the bad ones in turn."""
        every = good + bad
        marks = [number * good // every < (number + 1) * good // every for number in range(every)]
        traces = self.answers(version, every)
        pairs = zip(traces, marks, strict=True)
        self.journal.append([_word(trace, mark, "ben") for trace, mark in pairs])

    def watches(self, **options: Any) -> WatchReport:
        self.day.passes(hours=1)
        ws: Any = self
        return watch_champion(ws, WatchRequest(program=self.spec), now=self.day, **options)

    def items(self) -> list[Any]:
        return list(Inbox(self.engine).items(program="p", kind="rollback"))

    def serving(self) -> int | None:
        return self.releases.champion("p")


def _word(trace: str, good: bool | None, user: str, **said: Any) -> NewFeedback:
    rating = None if good is None else "thumbs_up" if good else "thumbs_down"
    payload = {"rating": rating, "corrected_output": {}, "comment": None, **said}
    return NewFeedback(trace, payload, uuid.uuid4().hex, user)


@pytest.fixture
def counter(engine: Engine, tmp_path: Path) -> Iterator[Counter]:
    yield Counter(engine, tmp_path)


@pytest.fixture
def harmed(counter: Counter) -> Counter:
    """Version 2 replaced 1, and its users are unhappy."""
    counter.promotes(1)
    counter.rated(1, 54, 6)
    counter.promotes(2)
    counter.rated(2, 8, 24)
    return counter


def test_a_champion_that_harms_is_rolled_back_with_its_reasons_and_an_item(harmed: Counter) -> None:
    found = harmed.watches()

    assert (found.outcome, found.champion, found.predecessor) == ("rolled-back", 2, 1)
    assert harmed.serving() == harmed.client.champion == 1
    entry = harmed.releases.ledger.history("p")[0]
    assert (entry.seq, entry.kind, entry.actor) == (found.decision, "rollback", "watch")
    assert entry.reasons[0] == "version 2 harms"
    assert "25.0% of 32 of its ratings are good" in entry.reasons[1]
    assert entry.evidence["watched"]["verdict"] == "harm"
    (item,) = harmed.items()
    assert (item.seq, item.state, item.content["instead_of"]) == (found.item, "open", 2)
    assert item.content["reasons"] == entry.reasons


def test_harm_is_seen_though_the_clock_jumps_back_in_the_middle(counter: Counter) -> None:
    counter.promotes(1)
    counter.rated(1, 54, 6)
    counter.promotes(2)
    counter.rated(2, 4, 12)
    counter.day.passes(days=-2)
    counter.rated(2, 4, 12)

    found = counter.watches()

    assert (found.outcome, counter.serving()) == ("rolled-back", 1)
    assert "25.0% of 32 of its ratings are good" in found.reasons[1]


def test_watching_again_after_a_rollback_changes_nothing(harmed: Counter) -> None:
    harmed.watches()
    decisions, items = harmed.releases.ledger.history("p"), harmed.items()

    again = harmed.watches()

    assert again.outcome == "nothing-to-watch"
    assert (harmed.releases.ledger.history("p"), harmed.items()) == (decisions, items)


def test_a_crash_before_alias_and_inbox_is_made_good_by_the_next_watch(harmed: Counter) -> None:
    def crash() -> None:
        raise Crash

    harmed.client.before_moving = crash
    with pytest.raises(Crash):
        harmed.watches()
    assert (harmed.client.champion, harmed.items()) == (2, [])

    harmed.watches()

    assert harmed.client.champion == 1
    assert [item.content["instead_of"] for item in harmed.items()] == [2]


def test_a_dry_run_says_so_and_writes_nothing(harmed: Counter) -> None:
    decisions = harmed.releases.ledger.history("p")

    found = harmed.watches(dry_run=True)

    assert (found.outcome, found.harms, found.item) == ("watching", True, None)
    assert harmed.releases.ledger.history("p") == decisions
    assert (harmed.client.champion, harmed.items()) == (2, [])


@pytest.mark.parametrize("hold", ["pin", "pause"])
def test_what_a_person_holds_is_not_rolled_back_but_put_into_the_inbox_once(
    harmed: Counter, hold: Any
) -> None:
    hold_still(harmed.releases, "p", hold, reason="a demo", actor="ann")

    first, again = harmed.watches(), harmed.watches()

    assert (first.outcome, first.harms, harmed.serving()) == ("held", True, 2)
    assert "by ann" in first.reasons[-1]
    (item,) = harmed.items()
    assert (item.seq, item.content["harms"]) == (first.item, True)
    assert again.item == first.item


def test_once_the_pin_is_taken_off_the_harm_is_rolled_back(harmed: Counter) -> None:
    hold_still(harmed.releases, "p", "pin", reason="a demo", actor="ann")
    harmed.watches()
    hold_still(harmed.releases, "p", "unpin", reason="over", actor="ann")

    assert harmed.watches().outcome == "rolled-back"
    assert harmed.serving() == 1


def test_few_ratings_decide_nothing(counter: Counter) -> None:
    counter.promotes(1)
    counter.rated(1, 54, 6)
    counter.promotes(2)
    counter.rated(2, 0, 9)

    found = counter.watches()

    assert (found.outcome, counter.serving(), counter.items()) == ("watching", 2, [])


def test_a_champion_that_does_well_to_the_horizon_is_watched_no_longer(counter: Counter) -> None:
    counter.spec = counter.writes_spec(watch={"horizon": 30})
    counter.promotes(1)
    counter.rated(1, 54, 6)
    counter.promotes(2)
    counter.rated(2, 27, 3)

    first, again = counter.watches(), counter.watches()

    assert (first.outcome, again.outcome) == ("fine", "nothing-to-watch")
    assert "watched to the end" in again.reasons[0]
    kinds = [(entry.kind, entry.verdict) for entry in counter.releases.ledger.history("p")]
    assert kinds == [("watch", "fine"), ("promotion", "promote"), ("promotion", "promote")]
    assert counter.serving() == 2


def test_the_first_champion_has_nobody_to_be_compared_with(counter: Counter) -> None:
    counter.promotes(1)
    counter.rated(1, 0, 30)

    found = counter.watches()

    assert (found.outcome, found.watched) == ("nothing-to-watch", None)


def test_a_watch_that_is_switched_off_takes_nothing_back(harmed: Counter) -> None:
    harmed.spec = harmed.writes_spec(watch={"enabled": False})

    found = harmed.watches()

    assert (found.outcome, found.reasons) == ("nothing-to-watch", ("watch.enabled is false",))
    assert harmed.serving() == 2


def test_a_users_last_word_counts_and_a_reviewers_label_does_not(counter: Counter) -> None:
    counter.promotes(1)
    counter.rated(1, 9, 1)
    counter.promotes(2)
    changed, corrected, reviewed = counter.answers(2, 3)
    counter.rates(changed, True)
    counter.rates(changed, False)
    counter.rates(changed, True, user="cem")
    counter.rates(corrected, None, corrected_output={"topic": "c"})
    counter.rates(reviewed, None, corrected_output={"topic": "c"}, **{REVIEWED: True})

    ratings = counter.watches().watched.compared[0]  # type: ignore[union-attr]

    assert (ratings.champion.total, ratings.champion.share) == (3, pytest.approx(1 / 3))
    assert (ratings.predecessor.total, ratings.predecessor.share) == (10, 0.9)


def test_the_promotion_parts_what_counts_for_either_version(counter: Counter) -> None:
    counter.spec = counter.writes_spec(watch={"earlier": 4})
    counter.promotes(1)
    counter.rated(1, 0, 10)
    counter.rated(1, 3, 1)
    counter.rated(3, 0, 2)
    (tried,) = counter.answers(2)
    counter.promotes(2)
    counter.rated(1, 0, 10)
    counter.rates(tried, False)

    ratings = counter.watches().watched.compared[0]  # type: ignore[union-attr]

    assert (ratings.predecessor.total, ratings.predecessor.share) == (4, 0.75)
    assert ratings.champion.total == 0


def test_with_a_holdback_only_answers_since_the_promotion_count_on_both_sides(
    counter: Counter,
) -> None:
    counter.holdback = 0.5
    counter.promotes(1)
    counter.rated(1, 60, 0)
    counter.promotes(2)
    counter.rated(1, 2, 6)
    counter.rated(2, 2, 6)

    ratings = counter.watches().watched.compared[0]  # type: ignore[union-attr]

    assert (ratings.champion.total, ratings.predecessor.total) == (8, 8)
    assert ratings.predecessor.share == 0.25


def test_failing_answers_and_slow_ones_roll_back_without_a_rating(counter: Counter) -> None:
    counter.spec = counter.writes_spec(watch={"max_latency": 3})
    counter.promotes(1)
    counter.answers(1, 100)
    counter.promotes(2)
    counter.answers(2, 40, latency_ms=None)
    counter.answers(2, 60, latency_ms=31.0)

    found = counter.watches()

    assert found.outcome == "rolled-back"
    assert [c.measure for c in found.watched.compared if c.shown] == ["latency"]  # type: ignore[union-attr]

    counter.promotes(3)
    counter.answers(3, 60, error="LMError: away")
    assert counter.watches().outcome == "rolled-back"
    assert counter.serving() == 1


def test_a_change_of_how_much_is_rated_is_told_and_takes_nothing_back(counter: Counter) -> None:
    counter.promotes(1)
    counter.rated(1, 90, 0)
    counter.promotes(2)
    counter.answers(2, 60)

    found = counter.watches()

    assert found.outcome == "watching"
    assert found.watched is not None
    assert found.watched.drift is not None
    assert found.watched.drift.shown
    assert "share rated" in found.markdown


def test_answers_that_nobody_had_time_to_rate_are_no_change(counter: Counter) -> None:
    counter.promotes(1)
    traces = counter.answers(1, 40)
    counter.day.passes(hours=2)
    for trace in traces:
        counter.rates(trace, True)
    counter.promotes(2)
    counter.answers(2, 50)

    found = counter.watches()

    assert found.watched is not None
    assert found.watched.drift is not None
    assert (found.watched.drift.champion.total, found.watched.drift.shown) == (0, False)


def test_who_decides_meanwhile_is_not_overruled(harmed: Counter) -> None:
    hold = harmed.releases.hold

    def slow(program: str) -> str:
        harmed.promotes(3)
        return hold(program)

    object.__setattr__(harmed, "releases", _With(harmed.releases, hold=slow))
    with pytest.raises(ConflictError):
        harmed.watches()

    assert harmed.client.champion == 3


def test_a_champion_before_that_was_deleted_cannot_come_back(harmed: Counter) -> None:
    harmed.client.delete(1)

    with pytest.raises(ModelNotFoundError):
        harmed.watches()

    assert (harmed.client.champion, harmed.items()) == (2, [])


class _With:
    """Something with one of its methods replaced."""

    def __init__(self, other: Any, **methods: Any) -> None:
        self._other = other
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)


def test_a_turn_asks_before_it_promotes_what_was_rolled_back(counter: Counter) -> None:
    for version in (2, 1):
        counter.promotes(version)
    counter.releases.rollback("p", None, reason="complaints", actor="ann")
    turn_id = counter.opened()
    counter.finished(turn_id, "snapshot", snapshot(champion=2))
    counter.finished(turn_id, "evaluate", evaluated())
    counter.finished(turn_id, "compile", candidate())
    ws: Any = counter

    found = decide_release(ws, turn_id)

    assert found.verdict == "ask"
    told = "it is version 1, which was rolled back by ann (decision 3, complaints)"
    assert f"{told}: a person must promote it" in found.reasons
