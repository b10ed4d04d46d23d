"""Chunks are coarse, few, and together all of the rows."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.settings import FanOutSettings
from dspyui_core.turn.chunks import plan_chunks, spans

SETTINGS = FanOutSettings(workers=2, rows=50)


@given(
    total=st.integers(0, 5_000),
    workers=st.integers(1, 16),
    fewest=st.integers(1, 300),
    shares=st.integers(1, 3),
)
def test_spans_are_coarse_few_and_together_everything_in_order(
    total: int, workers: int, fewest: int, shares: int
) -> None:
    cut = spans(total, workers=workers, fewest=fewest, shares=shares)

    assert list(chain(*cut)) == list(range(total))
    assert all(len(span) >= fewest for span in cut[:-1])
    assert len(cut) * shares <= 4 * workers + shares


@pytest.mark.parametrize(("rows", "sizes"), [(2000, [500] * 4), (120, [50, 50, 20]), (0, [])])
def test_each_program_has_all_of_the_rows_in_its_own_chunks(rows: int, sizes: list[int]) -> None:
    planned = plan_chunks("desk-0001", {"baseline": "a", "candidate": "b"}, rows, SETTINGS)

    for role, digest in (("baseline", "a"), ("candidate", "b")):
        mine = [chunk for chunk in planned if chunk.role == role]
        assert [chunk.stop - chunk.start for chunk in mine] == sizes
        assert {chunk.digest for chunk in mine} <= {digest}


def test_the_same_rows_of_the_same_program_have_one_name_and_no_others_do() -> None:
    digests = {"baseline": "a" * 64, "champion": "a" * 64, "candidate": "b" * 64}

    first, again = (plan_chunks("desk-0001", digests, 400, SETTINGS) for _ in range(2))

    names = [chunk.name for chunk in first]
    assert [chunk.name for chunk in again] == names
    assert len(set(names)) == len(first)
    assert max(map(len, names)) <= 64 - len("evaluate/")
