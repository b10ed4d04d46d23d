"""Retiring: age and size let go of what nobody rated and everybody has read, and of no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from dspyui_core.review import Inbox
from dspyui_core.store.journal import Journal, NewFeedback, NewPrediction
from dspyui_core.store.retiring import Retiring, content, stored_bytes

START = datetime(2026, 1, 1, tzinfo=UTC)
ALL = {"p": 10_000, "q": 10_000}


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """1,200 answers of two programs, one an hour; every tenth is rated, much later."""
    journal = Journal(engine)
    journal.append(
        [
            NewPrediction(
                program="q" if number % 4 == 3 else "p",
                trace_id=f"tr-{number}",
                payload={"inputs": {"text": "x" * 20}},
                at=START + timedelta(hours=number),
                spans=[{"name": "y" * 100}],
            )
            for number in range(1200)
        ]
    )
    journal.append(
        [NewFeedback(f"tr-{n}", {"rating": "thumbs_up"}, f"k{n}") for n in range(0, 1200, 10)]
    )
    return journal


def _left(journal: Journal) -> set[int]:
    return {int(e.trace_id.removeprefix("tr-")) for e in journal.since(0, kind="prediction")}


def test_what_is_old_and_unrated_goes_and_its_key_stays(engine: Engine, journal: Journal) -> None:
    swept = Retiring(engine, ALL, aged=START + timedelta(hours=1000)).predictions()

    assert swept.rows == 900
    assert _left(journal) == {n for n in range(1200) if n >= 1000 or n % 10 == 0}
    assert journal.count(kind="feedback") == 120
    again = journal.append_prediction("p", "tr-1", {"inputs": {"text": "other"}})
    assert (again.position, again.payload) == (2, {})


def test_what_somebody_has_not_read_yet_stays(engine: Engine, journal: Journal) -> None:
    # Position 21 is answer 20; nobody has read anything of q.
    late = START + timedelta(days=99)
    swept = Retiring(engine, {"p": 21, "q": 0}, aged=late).predictions()

    gone = set(range(1200)) - _left(journal)
    assert gone == {n for n in range(21) if n % 4 != 3 and n % 10}
    assert swept.rows == len(gone)
    assert Retiring(engine, {}, aged=late).predictions().rows == 0


def test_old_spans_go_from_rated_answers_too(engine: Engine, journal: Journal) -> None:
    swept = Retiring(engine, ALL, stripped=START + timedelta(hours=700)).spans()

    assert swept.rows == 700
    kept = [e for e in journal.since(0, kind="prediction", spans=True) if e.spans]
    assert len(kept) == 500
    assert len(_left(journal)) == 1200
    assert content(engine).with_spans == 500


def test_a_size_is_reached_from_the_oldest_on(engine: Engine, journal: Journal) -> None:
    before = content(engine)
    wanted = before.span_bytes // 3

    swept = Retiring(engine, ALL).spans_worth(wanted)

    assert wanted <= swept.bytes < wanted + 200
    after = content(engine)
    assert before.span_bytes - after.span_bytes == swept.bytes
    assert after.payload_bytes == before.payload_bytes
    first = next(e for e in journal.since(0, spans=True) if e.spans)
    assert first.position == swept.rows + 1


def test_rated_answers_stay_whatever_the_size(engine: Engine, journal: Journal) -> None:
    swept = Retiring(engine, ALL).predictions_worth(10**9)

    assert swept.rows == 1080
    assert _left(journal) == set(range(0, 1200, 10))


def test_what_was_drawn_to_be_labelled_stays_like_what_was_rated(
    engine: Engine, journal: Journal
) -> None:
    """Without its answer nobody would know whose words a labelled row of the holdout is."""
    inbox = Inbox(engine)
    drawn = [
        inbox.open_item("p", "sample", f"key {number}", {"trace_id": f"tr-{number}"}).seq
        for number in (1, 2, 3)
    ]
    inbox.open_item("p", "sample", "of nobody", {})
    inbox.open_item("p", "row", "row", {"trace_id": "tr-4"})
    inbox.decide(drawn[1], "accepted", actor="rea", answer={"desk": "amber"})
    inbox.decide(drawn[2], "rejected", actor="rea")
    late = START + timedelta(days=99)

    would = Retiring(engine, ALL, aged=late, stripped=late, dry_run=True)
    does = Retiring(engine, ALL, aged=late, stripped=late)

    assert would.predictions() == does.predictions()
    assert _left(journal) == {1, 2, 3, *range(0, 1200, 10)}
    assert does.spans().rows == 123


def test_a_dry_run_counts_the_same_and_changes_nothing(engine: Engine, journal: Journal) -> None:
    before = content(engine)
    limits = {"aged": START + timedelta(hours=300), "stripped": START + timedelta(hours=600)}
    would, does = Retiring(engine, ALL, dry_run=True, **limits), Retiring(engine, ALL, **limits)
    size = before.span_bytes

    told = [would.predictions(), would.spans()]
    told += [would.spans_worth(size), would.predictions_worth(99)]

    assert content(engine) == before
    done = [does.predictions(), does.spans()]
    done += [does.spans_worth(size), does.predictions_worth(99)]
    assert done == told
    assert all(swept.rows for swept in done)
    after = content(engine)
    assert sum(swept.bytes for swept in done) == before.bytes - after.bytes


def test_the_content_is_what_the_entries_hold(engine: Engine, journal: Journal) -> None:
    found = content(engine)

    assert (found.entries, found.with_spans) == (1320, 1200)
    assert found.bytes == found.payload_bytes + found.span_bytes
    assert 0 < found.bytes < stored_bytes(engine)
