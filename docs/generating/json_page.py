"""The page of the JSON documents: which command prints which, and what each of its keys means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_origin, get_type_hints

from pydantic import BaseModel

from generating.documents import DOCUMENTS, Document
from generating.markdown import code, doc, page, table
from generating.meanings import MEANINGS, Shape
from generating.shapes import keys, models_in, type_words

INTRODUCTION = (
    "What a command prints with `--json`. Scores are 0..1, counts are rows unless said otherwise, "
    "times are ISO 8601 with their zone. A key whose type allows null is always there."
)
# They have a section of their own, so that others name them only.
TITLES = {document.shape: document.title for document in DOCUMENTS}


class MissingMeaningError(Exception):
    """Raised with every key that nobody says the meaning of."""


def json_page() -> str:
    """Every document with its keys. Raises MissingMeaningError naming each one without."""
    missing = [name for document in DOCUMENTS for name in unexplained(document)]
    if missing:
        raise MissingMeaningError(f"say what they mean in docs/generating/meanings.py: {missing}")
    return page("JSON", INTRODUCTION, *(_section(document) for document in DOCUMENTS))


def unexplained(document: Document) -> list[str]:
    """The keys of a document that have no meaning."""
    return [name for name, _, meaning in _rows(document) if not meaning]


def _section(document: Document) -> str:
    by = ", ".join(code(f"dspyui {command}") for command in document.commands)
    about = "" if isinstance(document.shape, Shape) else doc(document.shape)
    rows = [(code(name), kind, meaning) for name, kind, meaning in _rows(document)]
    printed = f"Printed by {by}." if by else ""
    texts = [f"## {document.title}", printed, about, document.words]
    return "\n\n".join([*filter(None, texts), table(("key", "type", "meaning"), rows)])


def _rows(document: Document) -> Iterator[tuple[str, str, str]]:
    if isinstance(document.shape, Shape):
        yield from document.shape.value
        return
    for row in _keys_of(document.shape, ""):
        if not _left_out(row[0], document.without):
            yield row


def _left_out(name: str, without: Sequence[str]) -> bool:
    """Whether a key, or an object that it is in, is not in the document."""
    return any(name == gone or name.startswith((f"{gone}.", f"{gone}[].")) for gone in without)


def _keys_of(shape: Any, path: str) -> Iterator[tuple[str, str, str]]:
    for name, annotation, described in _slots(shape):
        yield f"{path}{name}", _type(annotation), described
        for inner in models_in(annotation):
            if inner in TITLES:
                continue
            listed = get_origin(annotation) in (tuple, list)
            yield from _keys_of(inner, f"{path}{name}{'[]' if listed else ''}.")


def _type(annotation: Any) -> str:
    told = [TITLES[inner] for inner in models_in(annotation) if inner in TITLES]
    return type_words(annotation) + "".join(f", as in: {title}" for title in told)


def _slots(shape: Any) -> Iterator[tuple[str, Any, str]]:
    """Name, type and meaning of each slot; a record's own description comes first."""
    known = MEANINGS.get(shape.__name__, {})
    if is_dataclass(shape):
        hints = get_type_hints(shape)
        for slot in fields(shape):
            yield slot.name, hints[slot.name], known.get(slot.name, "")
    elif issubclass(shape, BaseModel):
        for key in keys(shape):
            described = key.meaning or known.get(key.name, "")
            yield key.name, shape.model_fields[key.name].annotation, described
