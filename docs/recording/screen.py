"""What a terminal shows after a stream of text and control sequences; lines are never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A control sequence, a title (not shown), another escape, or one character.
TOKEN = re.compile(
    r"\x1b\[(?P<numbers>[0-9;?]*)(?P<final>[A-Za-z])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[()][0-9A-B]|\x1b[=>78]"
    r"|(?P<character>.)",
    re.DOTALL,
)
BLANK = " "


@dataclass(frozen=True, slots=True)
class Cell:
    """One character and the colour sequences in force when it was written."""

    character: str = BLANK
    style: str = ""


class Screen:
    """A sheet as wide as the terminal and as long as needed, with a cursor."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._lines: list[list[Cell]] = [[]]
        self._row = self._column = 0
        self._style = ""

    def feed(self, text: str) -> None:
        """Show a text: characters, colours, and the moves that progress displays make."""
        for token in TOKEN.finditer(text):
            if token["final"]:
                self._control(token["final"], token["numbers"])
            elif token["character"]:
                self._write(token["character"])

    def ansi(self) -> str:
        """All lines as text with colour sequences, without blanks at their ends."""
        return "\n".join("".join(_coloured(line)) for line in self._trimmed())

    def _write(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._move_to(self._row + 1)
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif character == "\t":
            self._column = min(self._columns - 1, (self._column // 8 + 1) * 8)
        elif character.isprintable():
            self._put(character)

    def _put(self, character: str) -> None:
        if self._column >= self._columns:
            self._column = 0
            self._move_to(self._row + 1)
        line = self._lines[self._row]
        line += [Cell()] * (self._column + 1 - len(line))
        line[self._column] = Cell(character, self._style)
        self._column += 1

    def _move_to(self, row: int) -> None:
        self._row = max(0, row)
        self._lines += [[] for _ in range(self._row + 1 - len(self._lines))]

    def _control(self, final: str, numbers: str) -> None:
        first = int(numbers.split(";")[0] or 0) if numbers[:1].isdigit() else 0
        if final == "m":
            self._style = "" if numbers in ("", "0") else f"{self._style}\x1b[{numbers}m"
        elif final in "AB":
            self._move_to(self._row + (first or 1) * (1 if final == "B" else -1))
        elif final in "CD":
            moved = self._column + (first or 1) * (1 if final == "C" else -1)
            self._column = min(max(0, moved), self._columns - 1)
        elif final == "G":
            self._column = max(0, first - 1)
        elif final == "K":
            self._erase(first)
        elif final == "J":
            self._erase(first)
            del self._lines[self._row + 1 :]

    def _erase(self, which: int) -> None:
        line = self._lines[self._row]
        if which == 2:
            line.clear()
        elif which == 0:
            del line[self._column :]

    def _trimmed(self) -> list[list[Cell]]:
        lines = [line[: _end(line)] for line in self._lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines


def _end(line: list[Cell]) -> int:
    """Where the blanks at a line's end begin."""
    shown = [number for number, cell in enumerate(line) if cell != Cell()]
    return shown[-1] + 1 if shown else 0


def _coloured(line: list[Cell]) -> Iterator[str]:
    style = ""
    for cell in line:
        if cell.style != style:
            yield f"\x1b[0m{cell.style}"
            style = cell.style
        yield cell.character
    if style:
        yield "\x1b[0m"
