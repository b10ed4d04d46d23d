"""Answering without a demo: a value of the right type from the wording of the question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from dspyui_core.lms.embedded.schema import Schema, choices_of, kind_of
from dspyui_core.text import STOPWORDS, Index, words

# As many as a person would tag a message with.
KEYWORDS: Final = 5

_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s")


def name_similarities(choices: Sequence[Any], query: str) -> list[float]:
    """Return the similarity (0..1) of the query to the name of each choice, in their order."""
    return _names(tuple(str(choice) for choice in choices)).similarities(query)


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...]) -> Index:
    return Index(names)


def guess(schema: Schema, query: str, name: str) -> Any:
    """Return a value of `schema` for the field `name`, from the words of `query`.

    A choice goes to the value named most like the query (the first on a tie), a number is the
    first one in the query, a string its first sentence, a list of strings its keywords, a boolean
    whether the query speaks of the field's name; objects are filled field by field.
    """
    return _guess(schema, query, name, schema.get("$defs", {}))


def _guess(schema: Schema, query: str, name: str, named: Mapping[str, Schema]) -> Any:
    if "$ref" in schema:
        return _guess(named[schema["$ref"].rsplit("/", 1)[-1]], query, name, named)
    match kind_of(schema):
        case "choice":
            return _best_named(choices_of(schema), query)
        case "integer" | "number" as kind:
            return _number(schema, query, whole=kind == "integer")
        case "string":
            return _SENTENCE_END.split(query.strip(), maxsplit=1)[0]
        case "boolean":
            return name_similarities([name], query)[0] > 0
        case "array":
            return _items(schema.get("items", {}), query, name, named)
        case "union":
            return _member(schema.get("anyOf", schema.get("oneOf", [])), query, name, named)
        case "object":
            return _members(schema, query, named)
    return None


def _best_named(choices: Sequence[Any], query: str) -> Any:
    similarities = name_similarities(choices, query)
    return choices[similarities.index(max(similarities))]


def _number(schema: Schema, query: str, *, whole: bool) -> float:
    found = _NUMBER.search(query)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    value = float(found[0]) if found else float(low or 0)
    value = max(value, low) if low is not None else value
    value = min(value, high) if high is not None else value
    return round(value) if whole else value


def _items(items: Schema, query: str, name: str, named: Mapping[str, Schema]) -> list[Any]:
    match kind_of(items):
        case "string":
            keywords = dict.fromkeys(word for word in words(query) if word not in STOPWORDS)
            return list(keywords)[:KEYWORDS]
        case "integer":
            return [round(float(text)) for text in _NUMBER.findall(query)]
        case "number":
            return [float(text) for text in _NUMBER.findall(query)]
        case "choice":
            return [_guess(items, query, name, named)]
    return []


def _member(members: Iterable[Schema], query: str, name: str, named: Mapping[str, Schema]) -> Any:
    """Return text where text is allowed, else nothing where null is: an unknown is no number."""
    kinds = {kind_of(member): member for member in members}
    for kind in ("choice", "string", "null"):
        if kind in kinds:
            return _guess(kinds[kind], query, name, named)
    return _guess(next(iter(kinds.values()), {}), query, name, named)


def _members(schema: Schema, query: str, named: Mapping[str, Schema]) -> dict[str, Any]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    return {
        name: _guess(properties[name], query, name, named)
        for name in schema.get("required", ())
        if name in properties
    }
