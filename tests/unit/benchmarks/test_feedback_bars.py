"""What the feedback benchmark sends, and when its bars hold."""

from __future__ import annotations

import json
from types import ModuleType

import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def feedback() -> ModuleType:
    return loaded("feedback")


def _rows(feedback: ModuleType, *, ours: float, stored: int = 90) -> list[object]:
    told = [(feedback.Peer.name, 100.0, 100), (feedback.Ours.name, ours, stored)]
    return [feedback.Row(name, 0, 100, rate, kept, 90) for name, rate, kept in told]


def test_every_tenth_call_says_the_one_before_it_again(feedback: ModuleType) -> None:
    calls = feedback.calls_of(3, 20, 0)

    assert [n for n in range(1, 20) if calls[n] == calls[n - 1]] == [9, 19]
    assert len({call.key for call in calls}) == 18


def test_no_two_threads_or_rounds_send_the_same_key(feedback: ModuleType) -> None:
    keys = [c.key for t in range(2) for r in range(2) for c in feedback.calls_of(t, 9, r)]

    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("rate", "holds"), [(1000.0, True), (999.0, False)])
def test_ten_times_the_records_a_second_are_asked_for(
    feedback: ModuleType, rate: float, holds: bool
) -> None:
    assert feedback.bars(_rows(feedback, ours=rate))[0].holds is holds


@pytest.mark.parametrize("stored", [89, 91])
def test_a_lost_entry_and_a_doubled_one_both_miss_a_bar(feedback: ModuleType, stored: int) -> None:
    bars = feedback.bars(_rows(feedback, ours=1000.0, stored=stored))

    assert [bar.holds for bar in bars].count(False) == 1


def test_the_document_holds_the_rows_and_the_bars(
    feedback: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _rows(feedback, ours=2000.0)

    feedback.report("feedback", rows, feedback.bars(rows), as_json=True)

    document = json.loads(capsys.readouterr().out)
    assert (document["name"], len(document["rows"])) == ("feedback", 2)
    assert document["ratios"][0] == {
        "name": "records a second, ours / MLflow's (medians)",
        "value": 20.0,
        "bar": 10.0,
        "holds": True,
    }
