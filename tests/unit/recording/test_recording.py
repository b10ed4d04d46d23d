"""The terminal recorder: what a person saw, as a picture that loads nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from recording.__main__ import main
from recording.picture import picture
from recording.screen import Screen
from recording.terminal import run_in_terminal

GREEN = "\x1b[32m"
NAMESPACE = "http://www.w3.org/2000/svg"


def _screen(text: str) -> str:
    screen = Screen(20)
    screen.feed(text)
    return screen.ansi()


def test_a_line_that_is_written_over_shows_its_last_text() -> None:
    assert _screen("10 %\r50 %\r100 %\r\ndone") == "100 %\ndone"


def test_a_line_that_is_erased_is_gone() -> None:
    assert _screen("compiling\r\x1b[2Kscored") == "scored"


def test_a_display_that_moves_up_writes_over_its_lines() -> None:
    assert _screen("a 1\r\nb 1\r\n\x1b[2Aa 2\r\nb 2\r\n") == "a 2\nb 2"


def test_colours_stay_with_their_characters() -> None:
    assert _screen(f"{GREEN}ok\x1b[0m then") == f"\x1b[0m{GREEN}ok\x1b[0m then"


def test_a_text_longer_than_the_screen_goes_on_below() -> None:
    assert _screen("x" * 25) == "x" * 20 + "\n" + "x" * 5


def test_titles_and_hidden_cursors_are_not_shown() -> None:
    assert _screen("\x1b]0;title\x07\x1b[?25lhere\x1b[?25h") == "here"


def test_a_command_runs_in_a_terminal_of_the_width_asked_for() -> None:
    asks = "import os, sys; print(os.get_terminal_size().columns, sys.stdout.isatty())"

    shown = run_in_terminal([sys.executable, "-c", asks], columns=72)

    assert (shown.ansi, shown.code) == ("72 True", 0)


def test_a_picture_has_the_text_and_no_address_to_load() -> None:
    svg = picture("make demo", f"{GREEN}promoted\x1b[0m 0.84", columns=40)

    words = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")
    assert "$ make demo" in words
    assert "promoted 0.84" in words
    assert set(re.findall(r"https?://[^\s\"'<]*", svg)) == {NAMESPACE}
    assert "@font-face" not in svg


def _recorded(file: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["recording", str(file), "--", "sh", "-c", script])
    return main()


def test_a_recording_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pictures" / "it.svg"

    assert _recorded(file, "echo red", monkeypatch) == 0
    assert "red" in file.read_text(encoding="utf-8")


def test_a_command_that_fails_keeps_its_exit_code_and_the_picture_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "it.svg"
    file.write_text("the last good one")

    assert _recorded(file, "echo red; exit 3", monkeypatch) == 3
    assert file.read_text() == "the last good one"
