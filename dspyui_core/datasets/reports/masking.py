"""Masking: values as a report may hold them, short and with personal data replaced by its kind."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from dspyui_core.datasets.texts.personal import mask

__all__ = ["cell", "masked", "plain", "uncelled"]

_LONGEST = 200
# More of a text than this is never shown, whatever masking leaves of it.
_LOOKED_AT = 20_000


def plain(value: Any) -> str | int | float | bool | None:
    """The value as JSON can hold it: a number stays one, the rest is text; masked, shortened."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        told = str(value)
        # A card's number is one in a Parquet file.
        if mask(told) == told and math.isfinite(value):
            return value
        return mask(told)
    return masked(value if isinstance(value, str) else _as_text(value))


def masked(text: str, longest: int = _LONGEST) -> str:
    """A text without personal data, of at most `longest` characters."""
    # JSON in UTF-8 has no place for half a surrogate pair, which a JSON file can smuggle in.
    found = mask(text[:_LOOKED_AT].encode("utf-8", "replace").decode())
    return found if len(found) <= longest else f"{found[: longest - 1]}…"


def cell(value: Any) -> str:
    """A value as a cell of a Markdown table, on one line.

    It ends no cell, and is no link, no picture that a viewer would fetch, and no element.
    """
    text = " ".join(("" if value is None else str(value)).split())
    for marks in ("\\", "|", "<", "]("):
        text = text.replace(marks, f"{marks[:-1]}\\{marks[-1]}")
    return text


def uncelled(line: str) -> str:
    """A line of such a table with its cells as they were."""
    return re.sub(r"\\([\\|<(])", r"\1", line)


def _as_text(value: Any) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
