"""Files that are whole or not there, and CSV lines that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from dspyui_core.errors import StoreError

# What a spreadsheet takes for a formula when a cell starts with it (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Write pieces of text to a file that appears whole or not at all, and is then on disk."""
    with whole_file(path) as stream:
        for piece in pieces:
            stream.write(piece.encode())


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes its place when the block ends, durably, and never where it fails.

    Also when the process or the machine dies, readers see the old file or the new one.
    """
    scratch = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with scratch.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def make_home(home: Path) -> None:
    """Make the folder that all state lives in. Raises StoreError where it cannot be written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the home {home} cannot be written: {error.strerror}",
            hint="set DSPYUI_HOME to a folder you may write to",
        ) from error


def csv_line(cells: Sequence[Any], *, disarmed: bool = True) -> str:
    """A line of CSV: texts with formulas disarmed, nested values as JSON, nothing as nothing.

    What is not `disarmed` keeps every text as it is, for a file that only programs read.
    """
    buffer = io.StringIO()
    # The csv module quotes the characters of its line end, and a bare \r ends a line for readers.
    csv.writer(buffer, lineterminator="\r\n").writerow([_cell(value, disarmed) for value in cells])
    return f"{buffer.getvalue()[:-2]}\n"


def rearmed(cell: str) -> str:
    """The text that `csv_line` wrote as this cell: without the quote that disarms a formula."""
    return cell[1:] if cell.startswith("'") and _may_run(cell) else cell


def said_in(cell: Any, *, disarmed: bool) -> Any:
    """What a cell of a sheet says; None where it is blank. `disarmed`: `csv_line` wrote it."""
    if cell is None or cell != cell:
        return None
    if not isinstance(cell, str):
        return cell
    return (rearmed(cell) if disarmed else cell) if cell.strip() else None


def _may_run(text: str) -> bool:
    # A text that has such quotes of its own gets one more, so that taking one off is exact.
    return text.lstrip("'").startswith(FORMULA_STARTS)


def _cell(value: Any, disarmed: bool) -> Any:
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return f"'{value}" if disarmed and _may_run(value) else value
    if isinstance(value, list | dict | bool):
        return json.dumps(value, ensure_ascii=False)
    return value
