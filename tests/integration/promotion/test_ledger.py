"""The ledger: one chain per program, one winner per link, nothing edited."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError
from dspyui_core.promotion import Ledger, LedgerEntry

AT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine, now=lambda: AT)


def add(ledger: Ledger, predecessor: int, **changes: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "program": "p",
        "kind": "promotion",
        "verdict": "promote",
        "actor": "ann",
    }
    values |= changes
    return ledger.append(values.pop("program"), predecessor=predecessor, **values)


def test_an_entry_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    written = add(
        ledger, 0, version=4, reasons=("because", "and"), evidence={"low": 0.1}, turn_id="p-0001"
    )

    assert ledger.history("p") == [written]
    assert (written.version, written.reasons, written.evidence) == (
        4,
        ["because", "and"],
        {"low": 0.1},
    )
    assert (written.predecessor, written.actor, written.at) == (0, "ann", AT)


def test_exactly_one_of_many_threads_wins_a_link(ledger: Ledger) -> None:
    first = add(ledger, 0, version=1)
    together = threading.Barrier(8)

    def promote(version: int) -> LedgerEntry | ConflictError:
        together.wait()
        try:
            return add(ledger, first.seq, version=version)
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(promote, range(2, 10)))

    won = [end for end in ended if isinstance(end, LedgerEntry)]
    assert len(won) == 1
    assert ledger.history("p") == [won[0], first]
    assert ledger.champion("p") == won[0]


def test_a_decision_on_top_of_an_older_one_is_refused(ledger: Ledger) -> None:
    first = add(ledger, 0)
    add(ledger, first.seq)

    for stale in (0, first.seq, 99):
        with pytest.raises(ConflictError, match="somebody else decided about 'p'"):
            add(ledger, stale)
    assert len(ledger.history("p")) == 2


def test_programs_have_chains_of_their_own(ledger: Ledger) -> None:
    add(ledger, 0)

    other = add(ledger, 0, program="q", version=7)

    assert (ledger.last("q"), ledger.champion("q")) == (other.seq, other)
    assert ledger.programs() == ["p", "q"]
    assert (ledger.last("r"), ledger.champion("r"), ledger.history("r")) == (0, None, [])


def test_a_turn_decides_once_also_when_others_decided_since(ledger: Ledger) -> None:
    mine = add(ledger, 0, kind="turn", turn_id="p-0001", version=1)
    add(ledger, mine.seq, version=2)

    again = add(ledger, 0, kind="turn", turn_id="p-0001", version=1)

    assert again == mine
    assert len(ledger.history("p")) == 2


def test_the_champion_is_that_of_the_newest_promotion(ledger: Ledger) -> None:
    one = add(ledger, 0, version=1)
    two = add(ledger, one.seq, version=2, kind="turn", turn_id="a", verdict="refuse")
    three = add(ledger, two.seq, version=3, kind="turn", turn_id="b", verdict="ask")

    assert ledger.champion("p") == one
    assert ledger.decided_versions("p") == {1, 2, 3}
    assert [entry.seq for entry in ledger.history("p")] == [three.seq, two.seq, one.seq]


def test_only_turns_count_as_looks_at_the_holdout(ledger: Ledger) -> None:
    looks, last = [], 0
    for number, kind in enumerate(("turn", "promotion", "turn", "rollback", "turn")):
        entry = add(ledger, last, kind=kind, turn_id=f"t{number}" if kind == "turn" else None)
        looks.append(entry.look)
        last = entry.seq

    assert looks == [1, 1, 2, 2, 3]
