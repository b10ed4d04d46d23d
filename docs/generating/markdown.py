"""Pieces of Markdown: a page, a table, a block, code in a line."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

MADE = "% Written by `make reference` from the code: change the code, not this page."


def page(title: str, *parts: str) -> str:
    """A whole page: the mark that it is generated, its title, its parts."""
    return "\n\n".join([MADE, f"# {title}", *(part for part in parts if part)]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; an empty text where there is no row."""
    lines = [_line(row) for row in rows]
    return "\n".join([_line(header), "|---" * len(header) + "|", *lines]) if lines else ""


def block(content: str, language: str = "text") -> str:
    """A fenced block."""
    return f"```{language}\n{content.strip(chr(10))}\n```"


def code(content: object) -> str:
    """Code within a line; nothing stays nothing."""
    return f"`{content}`" if str(content) else ""


def doc(thing: object) -> str:
    """A docstring as one paragraph per blank line, each on one line."""
    paragraphs = inspect.cleandoc(getattr(thing, "__doc__", None) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _line(cells: Sequence[str]) -> str:
    flat = (" ".join(cell.replace("|", "\\|").split()) for cell in cells)
    return f"| {' | '.join(flat)} |"
