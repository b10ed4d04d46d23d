from __future__ import annotations

from pathlib import Path

import pytest

from deployments.cli.predict import read_inputs
from dspyui_core.errors import InputError


def test_each_line_is_one_input_and_blank_lines_are_none(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"
    file.write_text('{"text": "one\u2028two"}\r\n\n{"text": "three"}\n', encoding="utf-8-sig")

    assert read_inputs(file) == [{"text": "one\u2028two"}, {"text": "three"}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x89PNG\xff\xfe", "is not UTF-8 text"),
        (b'{"a": 1}\n[1]\n', "line 2: is no object"),
        (b"text,label\n" * 80, "is not JSON Lines: 80 wrong"),
    ],
)
def test_a_file_of_something_else_is_told_with_what_to_write(
    tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "live.jsonl"
    file.write_bytes(content)

    with pytest.raises(InputError) as caught:
        read_inputs(file)

    assert says in str(caught.value)
    assert "one JSON object on each line" in caught.value.hint
    assert len(caught.value.problems) <= 5


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl cannot be read"):
        read_inputs(tmp_path / "gone.jsonl")
