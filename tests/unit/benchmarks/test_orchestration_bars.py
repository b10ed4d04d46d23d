"""When the bars of the orchestration benchmark hold, and what its rounds read."""

from __future__ import annotations

import csv
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def orchestration() -> ModuleType:
    """The benchmark, not run."""
    return loaded("orchestration")


def _rows(
    script: ModuleType, *, stack: float, plain: float, tick: float, event: float = 9.0
) -> Any:
    found = {
        script.STACK: stack,
        script.PLAIN: plain,
        script.TICK: tick,
        script.FLOOR: 0.3,
        script.EVENT: event,
    }
    starts = {script.PLAIN: None}
    return script.told(
        [
            script.Timed(work, "promoted", seconds + more, starts.get(work, 2.0))
            for work, seconds in found.items()
            for more in (-0.1, 0.0, 5.0)
        ]
    )


def test_a_row_tells_the_median_and_what_came_before_it(orchestration: ModuleType) -> None:
    stack, plain, *_ = _rows(orchestration, stack=12.0, plain=10.0, tick=1.0)

    assert (stack.runs, stack.median_s, stack.fastest_s, stack.slowest_s) == (3, 12.0, 11.9, 17.0)
    assert (stack.start_s, str(plain.start_s)) == (2.0, "nan")


@pytest.mark.parametrize(
    ("stack", "tick", "event", "hold"),
    [
        (13.0, 1.5, 20.0, [True, True, True]),
        (13.1, 1.5, 20.0, [False, True, True]),
        (9.0, 1.6, 20.0, [True, False, True]),
        (9.0, 1.5, 20.1, [True, True, False]),
    ],
)
def test_the_bars_hold_up_to_their_limits(
    orchestration: ModuleType, stack: float, tick: float, event: float, hold: list[bool]
) -> None:
    rows = _rows(orchestration, stack=stack, plain=10.0, tick=tick, event=event)

    assert [bar.holds for bar in orchestration.bars(rows)] == hold


def test_every_round_has_other_rows_and_one_less_than_there_are(
    orchestration: ModuleType, tmp_path: Path
) -> None:
    with orchestration.ROWS.open(newline="") as file:
        every = list(csv.reader(file))

    read = [list(csv.reader(_open(orchestration, tmp_path, number))) for number in (0, 1)]

    assert read == [[every[0], *every[2:]], [*every[:2], *every[3:]]]


def _open(script: ModuleType, folder: Path, number: int) -> list[str]:
    path: Path = script.data_of(folder, number)
    return path.read_text(encoding="utf-8").splitlines(keepends=True)
