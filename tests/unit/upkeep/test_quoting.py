"""A text is found in whatever a span holds, also clipped and as JSON in a text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dspyui_core.upkeep.quoting import Quotes

TEXT = "my locker code\nQuxotl-4711 is lost, where is the almanac of the year"
PROMPT = f"Answer as before.\n\n[[ text ]]\n{TEXT}\n\n[[ desk ]]\namber"


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        PROMPT,
        [{"role": "user", "content": [{"type": "text", "text": PROMPT}]}],
        json.dumps({"messages": [PROMPT]}),
        {"attributes": {"mlflow.spanInputs": json.dumps(json.dumps({"text": TEXT}))}},
        f"{PROMPT[:60]}…",
        PROMPT.replace("\n", "  "),
    ],
    ids=["alone", "prompt", "nested", "json", "json in json", "clipped", "other spaces"],
)
def test_what_quotes_is_found(content: Any) -> None:
    assert Quotes({TEXT})(content)


@pytest.mark.parametrize(
    "content",
    [
        "my locker",
        f"{PROMPT[:35]}…",
        {"n": 4711, "b": None},
        ["where is the almanac"],
        "",
        "{no json",
    ],
    ids=["less", "clipped before", "numbers", "other words", "nothing", "a brace"],
)
def test_what_does_not_quote_is_left_alone(content: Any) -> None:
    assert not Quotes({TEXT})(content)


def test_without_texts_nothing_quotes() -> None:
    assert not Quotes(())(PROMPT)
