"""Whatever a program takes and gives, as JSON: no answer goes unrecorded for what is in it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import dspy
import orjson
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from dspyui_core.store.entries import Serialised

_LONGEST_WORD: Final = 1000
_DEEPEST: Final = 40
# How many characters of each text stay, in the rounds that a span list takes to fit.
_ROUNDS: Final = (4000, 1000, 250)
# What orjson has a form of its own for, and pydantic another.
_AS_SPELLED: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_BULK: Final = ("inputs", "outputs", "attributes")


def plain(value: Any) -> Any:
    """A copy of the value as JSON has it; what JSON has no word for is told in words."""
    return json.loads(_encoded(value))


def fitted(spans: Sequence[Mapping[str, Any]], most_bytes: int) -> Serialised | None:
    """Spans as JSON text of at most that many bytes; None where there are none, or for 0 bytes.

    Where they are longer, texts are clipped first, then contents left out, then the last spans;
    each span that lost something says `"clipped": true`.
    """
    if not spans or most_bytes <= 0:
        return None
    encoded = _encoded(spans)
    if len(encoded) <= most_bytes:
        return Serialised(encoded.decode())
    found: list[dict[str, Any]] = json.loads(encoded)
    for longest in _ROUNDS:
        found = [_clipped(span, longest) for span in found]
        if _size(found) <= most_bytes:
            return Serialised(_dumped(found))
    return _without_contents(found, most_bytes)


def _without_contents(spans: Sequence[dict[str, Any]], most_bytes: int) -> Serialised | None:
    bare = [{k: v for k, v in s.items() if k not in _BULK} | {"clipped": True} for s in spans]
    while bare and _size(bare) > most_bytes:
        bare = bare[: len(bare) // 2]
    return Serialised(_dumped(bare)) if bare else None


def _clipped(span: dict[str, Any], longest: int) -> dict[str, Any]:
    shorter = {name: _shorter(value, longest) for name, value in span.items()}
    return span if shorter == span else {**shorter, "clipped": True}


def _shorter(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[: longest - 1]}…"
    if isinstance(value, list):
        return [_shorter(item, longest) for item in value]
    if isinstance(value, dict):
        return {key: _shorter(item, longest) for key, item in value.items()}
    return value


def _size(spans: Sequence[Any]) -> int:
    return len(_dumped(spans).encode())


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _encoded(value: Any) -> bytes:
    try:
        # Ten times as fast as the standard library, and every answer waits for it.
        return orjson.dumps(value, option=_AS_SPELLED)
    except orjson.JSONEncodeError:
        return _dumped(_spelled(value, 0)).encode()


def _spelled(value: Any, depth: int) -> Any:
    """The value with every part that JSON has no word for put into some; iterators stay unread."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if depth > _DEEPEST:
        return _in_words(value)
    if isinstance(value, Mapping):
        return {_key(key): _spelled(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_spelled(item, depth + 1) for item in value]
    opened = _opened(value)
    return _in_words(value) if opened is value else _spelled(opened, depth + 1)


def _opened(value: Any) -> Any:
    """An object's content where it has a form of its own for that, else the object itself."""
    try:
        if isinstance(value, dspy.Example):
            return value.toDict()
        if isinstance(value, BaseModel):
            return value.model_dump(mode="json")
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {slot.name: getattr(value, slot.name) for slot in dataclasses.fields(value)}
        return value if hasattr(value, "__next__") else to_jsonable_python(value)
    except Exception:  # noqa: BLE001 - the edge where a value's own serialiser may fail
        return value


def _key(key: Any) -> str:
    return str(_spelled(key, 0)) if isinstance(key, str) else str(_in_words(key))


def _in_words(value: Any) -> str:
    try:
        words = repr(value)
    except Exception as error:  # noqa: BLE001 - the edge where a value's own repr may fail
        words = f"<{type(value).__name__}: {type(error).__name__}>"
    return words[:_LONGEST_WORD].encode("utf-8", "replace").decode()
