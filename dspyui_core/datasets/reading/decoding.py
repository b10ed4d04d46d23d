"""Decoding: JSON texts as values, refusing what JSON readers disagree on or break at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class MalformedJsonError(Exception):
    """A text that is no JSON, or none that can be read here; `line` is where, if known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Decoded:
    """The value of a JSON text; `repeats` says whether an object in it has a key twice."""

    value: Any
    repeats: bool


def decode(text: str) -> Decoded:
    """Read a JSON text.

    Raises MalformedJsonError also for numbers and nesting that Python does not take.
    """
    repeating: list[_Repeating] = []

    def made(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        repeating.append(_Repeating(plain))
        names = [name for name, _ in pairs]
        repeating[-1].key = max(names, key=names.count)
        return repeating[-1]

    try:
        return Decoded(json.loads(text, object_pairs_hook=made), bool(repeating))
    except json.JSONDecodeError as error:
        raise MalformedJsonError(str(error), error.lineno) from None
    except RecursionError:
        raise MalformedJsonError("it is nested too deeply") from None
    except ValueError:
        # The only other one: Python refuses to parse more than 4,300 digits.
        raise MalformedJsonError("a number has too many digits") from None


def repeated_key(value: Any) -> str | None:
    """A key that an object has twice, however deep in a value of `decode`; None without one."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, _Repeating):
            return inner.key
        if isinstance(inner, dict):
            pending += inner.values()
        elif isinstance(inner, list):
            pending += inner
    return None


class _Repeating(dict[str, Any]):
    key: str = ""
