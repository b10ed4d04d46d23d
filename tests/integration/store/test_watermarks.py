from __future__ import annotations

from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from dspyui_core.store.watermarks import Watermarks


def test_a_consumer_that_never_read_stands_at_zero(engine: Engine) -> None:
    assert Watermarks(engine).get("p", "turn") == 0


def test_a_watermark_never_moves_back(engine: Engine) -> None:
    marks = Watermarks(engine)
    assert marks.advance("p", "turn", 5) == 5
    assert marks.advance("p", "turn", 3) == 5
    assert marks.get("p", "turn") == 5


def test_programs_and_consumers_read_apart(engine: Engine) -> None:
    marks = Watermarks(engine)
    marks.advance("p", "turn", 5)
    marks.advance("p", "mirror", 2)
    assert [marks.get("p", "turn"), marks.get("p", "mirror"), marks.get("q", "turn")] == [5, 2, 0]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(positions=st.lists(st.integers(0, 2**31 - 1), max_size=6))
def test_after_any_moves_it_stands_at_the_furthest(engine: Engine, positions: list[int]) -> None:
    marks, consumer = Watermarks(engine), uuid4().hex
    for position in positions:
        marks.advance("p", consumer, position)
    assert marks.get("p", consumer) == max(positions, default=0)
