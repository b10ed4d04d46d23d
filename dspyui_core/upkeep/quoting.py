"""Quotes: spans of other answers whose prompts had, as a demo, what is forgotten."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dspyui_core.store.erasing import answers_of
from dspyui_core.store.journal import Entry
from dspyui_core.upkeep.subjects import Belongings
from dspyui_core.workspace import Workspace

__all__ = ["Quotes", "Quoting", "quoting_answers"]

_LONGEST = 40
_SHORTEST = 8
_CUT = "…"
_JSON = ("{", "[", '"')
_SKELETON = ("name", "type", "id", "parent", "start_ns", "end_ns", "status")
_NUMBERS = ("model", "prompt_tokens", "completion_tokens", "usd")


@dataclass(frozen=True, slots=True)
class Quoting:
    """Answers that stay: those whose spans quote, and those whose spans only MLflow has."""

    spans: Mapping[int, list[dict[str, Any]]]
    traces: frozenset[str]


class Quotes:
    """Whether plain data holds one of these texts, or the beginning of one where it is clipped."""

    def __init__(self, texts: Collection[str]) -> None:
        self._starts = {_flat(text)[:_LONGEST] for text in texts}

    def __call__(self, content: Any) -> bool:
        if isinstance(content, str):
            opened = _opened(content)
            return self._in(_flat(content)) if opened is content else self(opened)
        values = content.values() if isinstance(content, Mapping) else content
        return isinstance(content, Mapping | list | tuple) and any(map(self, values))

    def _in(self, text: str) -> bool:
        if any(start in text for start in self._starts):
            return True
        return text.endswith(_CUT) and any(
            text[:-1].endswith(start[:size])
            for start in self._starts
            for size in range(_SHORTEST, len(start))
        )


def quoting_answers(ws: Workspace, found: Belongings, versions: Collection[int]) -> Quoting:
    """Answers of these versions, and of programs that are no version, that quote what goes.

    `spans` is what may stay of the spans of each, by position.
    """
    quotes, gone = Quotes(found.texts), found.traces
    spans: dict[int, list[dict[str, Any]]] = {}
    traces: set[str] = set()
    for entry in _others(ws, found.program, versions, gone):
        kept = [_bare(span) if quotes(span) else span for span in entry.spans or ()]
        if kept != (entry.spans or []):
            spans[entry.position] = kept
        if entry.position in spans or entry.spans is None:
            traces.add(entry.trace_id)
    return Quoting(spans, frozenset(traces))


def _others(
    ws: Workspace, program: str, versions: Collection[int], gone: Collection[str]
) -> Iterator[Entry]:
    answers = answers_of(ws.engine, program, versions)
    return (entry for entry in answers if entry.trace_id not in gone)


def _bare(span: Mapping[str, Any]) -> dict[str, Any]:
    """A span with its place, its times and its numbers."""
    given = span.get("attributes") or {}
    numbers = {name: given[name] for name in _NUMBERS if name in given}
    kept = {name: span[name] for name in _SKELETON if name in span}
    return {**kept, "attributes": numbers, "clipped": True}


def _opened(text: str) -> Any:
    """What a text holds that is JSON, as MLflow keeps the contents of spans; else the text."""
    if not text.startswith(_JSON):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _flat(text: str) -> str:
    return " ".join(text.split())
