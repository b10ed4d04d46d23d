"""Owns reading the fenced blocks of a document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_HEADING = re.compile(r"#{1,6} (.+)")
_FENCE = re.compile(r"```(\w*) ?(.*)")


@dataclass(frozen=True)
class Block:
    """A fenced block: the heading above it, its language, the path it is marked with, its lines."""

    section: str
    language: str
    path: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """What is between the fences, as the text of a file."""
        return "".join(f"{line}\n" for line in self.lines)

    def commands(self) -> list[tuple[str, list[str]]]:
        """Of a console block: each command after `$ `, and the lines shown below it."""
        found: list[tuple[str, list[str]]] = []
        for line in self.lines:
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            elif line != "…":
                found[-1][1].append(line)
        return found


def blocks_of(document: Path) -> tuple[Block, ...]:
    """Every fenced block of a Markdown file, in order."""
    blocks: list[Block] = []
    section, opened, lines = "", None, []
    for line in document.read_text(encoding="utf-8").splitlines():
        if opened is not None and line == "```":
            blocks.append(Block(section, opened[1], opened[2], tuple(lines)))
            opened = None
        elif opened is not None:
            lines.append(line)
        elif fence := _FENCE.fullmatch(line):
            opened, lines = fence, []
        elif heading := _HEADING.fullmatch(line):
            section = heading[1]
    return tuple(blocks)
