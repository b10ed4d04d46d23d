"""The changed answers that a person sees of a turn."""

from __future__ import annotations

from typing import Any

import pytest

from dspyui_core.turn import changed_table
from unit.pages.samples import changed, report

NOBODY: Any = None


def shown(monkeypatch: pytest.MonkeyPatch, *, lost: int, won: int) -> list[str]:
    """What happened to the rows in the table, of a turn that changed so many answers."""
    answers = (
        *(changed(number) for number in range(lost)),
        *(changed(lost + number, change="won") for number in range(won)),
    )
    of_the_turn = report(changed=answers)
    monkeypatch.setattr("dspyui_core.turn.showing.decision_report", lambda *_: of_the_turn)
    return [row["change"] for row in changed_table(NOBODY, "desk-0002")]


@pytest.mark.parametrize(
    ("lost", "won", "expected"),
    [
        (30, 20, ["lost"] * 10 + ["won"] * 10),
        (30, 3, ["lost"] * 17 + ["won"] * 3),
        (2, 30, ["lost"] * 2 + ["won"] * 18),
        (1, 1, ["lost", "won"]),
    ],
)
def test_lost_answers_come_first_and_leave_room_for_the_others(
    monkeypatch: pytest.MonkeyPatch, lost: int, won: int, expected: list[str]
) -> None:
    assert shown(monkeypatch, lost=lost, won=won) == expected
