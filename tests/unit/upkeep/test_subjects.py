"""What belongs to a subject: its texts, and the items of the inbox about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dspyui_core.review import ReviewItem
from dspyui_core.store.journal import Entry
from dspyui_core.upkeep.subjects import Belongings

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _item(seq: int, kind: Any = "row", **content: Any) -> ReviewItem:
    return ReviewItem(
        seq=seq,
        program="p",
        kind=kind,
        key=f"k{seq}",
        state="accepted",
        content=content,
        opened_at=AT,
        actor="rea",
        comment="as she told me",
        answer={"reply": "we wait for Ana", "tone": "formal"},
    )


def _entry(kind: Any, trace: str) -> Entry:
    payload = {"inputs": {"text": "where is it"}} if kind == "prediction" else {}
    return Entry(
        position=1,
        kind=kind,
        program="p",
        trace_id=trace,
        user_id="ana",
        authenticated=True,
        version=1,
        payload=payload,
        at=AT,
    )


SAMPLE = _item(7, "sample", trace_id="asked", inputs={"text": "where is my parcel"})
FOUND = Belongings(
    program="p",
    predictions=(_entry("prediction", "asked"),),
    feedback=(_entry("feedback", "rated"),),
    samples=(SAMPLE,),
    keys=frozenset({"key"}),
)


def test_the_texts_of_a_sample_are_its_inputs_and_what_its_reviewer_said() -> None:
    texts = Belongings(program="p", samples=(SAMPLE,)).texts

    assert texts == {"where is my parcel", "as she told me", "we wait for Ana"}


@pytest.mark.parametrize(
    ("item", "owned"),
    [
        (SAMPLE, True),
        (_item(8, "sample", trace_id="other", input_key="key"), True),
        (_item(8, "sample", trace_id="rated", input_key="another"), False),
        (_item(8, trace_id="asked"), True),
        (_item(8, trace_id="rated"), True),
        (_item(8, trace_id="other"), False),
        (_item(8, source="audit sample", row=7, trace_id=None), True),
        (_item(8, source="audit sample", row=6, trace_id=None), False),
        (_item(8, source="rows.csv", row=7, trace_id=None), False),
        (_item(8, "promotion", version=7), False),
    ],
    ids=[
        "the sample",
        "the same input",
        "a sample of somebody whose answer was rated",
        "a row of its trace",
        "a row with its word",
        "a row of others",
        "the sample as a quarantined row",
        "another sample",
        "a row of a file",
        "a promotion",
    ],
)
def test_an_item_goes_where_it_tells_of_what_goes(item: ReviewItem, owned: bool) -> None:
    assert FOUND.owns(item) is owned
