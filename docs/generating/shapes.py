"""What pydantic models and dataclasses hold: every key with its type, default and meaning."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

PLAIN: Mapping[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    type(None): "null",
    Path: "path",
    datetime: "time, ISO 8601",
    SecretStr: "text",
    Any: "any JSON",
    object: "any JSON",
}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a model; `default` is None where it has to be given."""

    name: str
    type: str
    default: Any
    meaning: str
    required: bool
    models: tuple[type[BaseModel], ...]


def keys(model: type[BaseModel]) -> Iterator[Key]:
    """Every key of a model, in its order."""
    for name, field in model.model_fields.items():
        yield Key(
            name=name,
            type=type_words(field.annotation) + _bounds(field),
            default=None if field.default is PydanticUndefined else field.default,
            meaning=field.description or "",
            required=field.is_required(),
            models=tuple(models_in(field.annotation)),
        )


def type_words(annotation: Any) -> str:
    """A type in words that a writer of YAML or a reader of JSON knows."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(type_words(part) for part in inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"object: {type_words(inner[0])} to {type_words(inner[1])}"
    if isinstance(origin, type) and issubclass(origin, Collection):
        return f"list of {type_words(inner[0])}"
    return "object"


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def _bounds(field: FieldInfo) -> str:
    limits = [
        f"{sign} {getattr(part, name):g}"
        for part in field.metadata
        for name, sign in _BOUNDS.items()
        if getattr(part, name, None) is not None
    ]
    return f", {' and '.join(limits)}" if limits else ""
