"""Owns the proof of the example plugin's check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from example_plugin.check import LongInputs

from dspyui_core.datasets import CheckResult, fold_dataset
from dspyui_core.datasets.splitting.assigning import preview
from dspyui_core.spec import Shares
from dspyui_core.testing import tiny_spec

TEXTS = ("my card is lost", "where is the parcel i paid for", "a word", "close it")


def seen(folder: Path, **options: Any) -> CheckResult:
    """What the check says of the four texts."""
    path = folder / "rows.csv"
    path.write_text("\n".join(["text,topic", *(f"{text},billing" for text in TEXTS)]))
    found = fold_dataset(tiny_spec(dataset=str(path)), (), upto=0)
    dataset = preview(found, Shares(), similarity=0.7)
    return LongInputs(LongInputs.Options(**options)).run(dataset)


def test_long_inputs_are_counted_and_named_by_their_row(tmp_path: Path) -> None:
    result = seen(tmp_path, words=3)

    assert (result.severity, result.count, result.rows) == ("warn", 2, (1, 2))
    assert "2 of 4 rows have over 3 words" in result.message


@pytest.mark.parametrize("options", [{"words": 7}, {"words": 3, "share": 0.5}])
def test_a_share_of_long_inputs_is_all_right(tmp_path: Path, options: dict[str, Any]) -> None:
    assert seen(tmp_path, **options) == CheckResult(name="long_inputs")


def test_who_asks_for_it_is_stopped(tmp_path: Path) -> None:
    assert seen(tmp_path, words=3, severity="block").severity == "block"
