"""Typed fields: what a program takes and gives, as a row model, and parsing with problems."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)
from pydantic import Field as Slot

from dspyui_core.errors import Problem

TypeName = Literal["str", "int", "float", "bool", "literal", "list", "object"]
FROM_DATA = "from_data"
# Allowed values are listed with each wrong cell while the list is about as long as a line.
LONGEST_LIST = 80


class Field(BaseModel):
    """One input or output of a program.

    `values` belongs to a literal: the allowed texts, or `from_data` until they are frozen.
    `items` belongs to a list: the type of its items. `fields` belongs to an object.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Slot(description="A Python identifier.")
    type: TypeName = Slot("str", description="What its values are.")
    description: str = Slot("", description="What it means, for the LM.")
    values: tuple[str, ...] | Literal["from_data"] | None = Slot(
        None, description="Of a literal: the allowed texts, or from_data."
    )
    items: Field | None = Slot(None, description="Of a list: the type of its items.")
    fields: tuple[Field, ...] = Slot((), description="Of an object: its fields, name to type.")
    optional: bool = Slot(False, description="Whether it may be blank.")

    @field_validator("name")
    @classmethod
    def _is_an_identifier(cls, name: str) -> str:
        if not name.isidentifier() or name.startswith("_"):
            raise ValueError(f"a field name is a Python identifier, not {name!r}")
        if name.startswith("model_") and hasattr(BaseModel, name):
            raise ValueError(f"{name!r} is a name that pydantic uses itself")
        return name

    @model_validator(mode="after")
    def _parts_belong_to_the_type(self) -> Self:
        if self.type == "literal" and self.values is None:
            raise ValueError(f"a literal needs values: a list of texts, or {FROM_DATA}")
        if self.type == "object" and not self.fields:
            raise ValueError("an object needs fields")
        parts = {"values": "literal", "items": "list", "fields": "object"}
        for part, owner in parts.items():
            if getattr(self, part) not in (None, ()) and self.type != owner:
                raise ValueError(f"{part} belong to the type {owner}, not to {self.type}")
        return self

    @property
    def open(self) -> bool:
        """Whether the allowed values still have to be taken from the data."""
        return self.type == "literal" and self.values == FROM_DATA

    def frozen_with(self, values: Sequence[str]) -> Field:
        """This literal with its allowed values fixed, sorted."""
        return self.model_copy(update={"values": tuple(sorted(set(values)))})


def python_type(field: Field) -> Any:
    """The Python type a field's values have; an open literal is a str."""
    base = _required_type(field)
    return base | None if field.optional else base


def row_model(fields: Sequence[Field], *, name: str = "Row") -> type[BaseModel]:
    """A pydantic model with one slot per field; optional fields default to None."""
    return _model(tuple(fields), name)


# To make one takes a millisecond, and every answer and every row asks for one of a few.
@lru_cache(maxsize=256)
def _model(fields: tuple[Field, ...], name: str) -> type[BaseModel]:
    slots: dict[str, Any] = {
        field.name: (
            python_type(field),
            Slot(default=None if field.optional else ..., description=field.description),
        )
        for field in fields
    }
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    return create_model(name, __config__=config, **slots)


def parse_row(
    fields: Sequence[Field], raw: Mapping[str, Any], *, model: type[BaseModel] | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """One row of cells as typed values, and every problem found in it.

    Text cells are parsed ("3" is an int, "true" a bool, a JSON text a list); nothing is rounded
    or guessed. Pass `model` (from `row_model`) when parsing many rows. Values are {} where
    there are problems.
    """
    cells = {field.name: _cell(field, raw.get(field.name)) for field in fields}
    blank = [
        Problem(field.name, "is blank", raw.get(field.name), "fill it in, or make it optional")
        for field in fields
        if cells[field.name] is None and not field.optional
    ]
    missing = {problem.column for problem in blank}
    try:
        row = (model or row_model(fields)).model_validate(cells)
    except ValidationError as error:
        found = [_problem(detail) for detail in error.errors(include_url=False)]
        return {}, blank + [p for p in found if p.column.split(".")[0] not in missing]
    return row.model_dump(mode="json"), []


def _required_type(field: Field) -> Any:
    if field.type == "literal":
        return str if field.open or not field.values else Literal[tuple(field.values)]
    if field.type == "list":
        return list[python_type(field.items) if field.items else str]  # type: ignore[misc]
    if field.type == "object":
        return row_model(field.fields, name=field.name.title())
    return {"str": str, "int": int, "float": float, "bool": bool}[field.type]


def _cell(field: Field, value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return _text_cell(field, value)
    return _untruthful(field, value)


def _untruthful(field: Field, value: Any) -> Any:
    """The value with truth values spelled out where a number belongs: pydantic reads True as 1."""
    if isinstance(value, bool) and field.type in ("int", "float"):
        return str(value)
    if isinstance(value, list) and field.items is not None:
        return [_untruthful(field.items, item) for item in value]
    if isinstance(value, Mapping) and field.fields:
        parts = {part.name: part for part in field.fields}
        return {
            key: _untruthful(parts[key], item) if key in parts else item
            for key, item in value.items()
        }
    return value


def _text_cell(field: Field, text: str) -> Any:
    if not text.strip():
        return None
    if field.type in ("list", "object"):
        try:
            return _untruthful(field, json.loads(text))
        except (ValueError, RecursionError):
            return text
    return text if field.type == "str" else text.strip()


def _problem(detail: Mapping[str, Any]) -> Problem:
    column = ".".join(str(part) for part in detail["loc"])
    return Problem(column, _reason(detail), detail["input"], _remedy(detail))


def _reason(detail: Mapping[str, Any]) -> str:
    if detail["type"] == "literal_error":
        return "is not an allowed value"
    return str(detail["msg"])[:1].lower() + str(detail["msg"])[1:]


def _remedy(detail: Mapping[str, Any]) -> str:
    remedy = _REMEDIES.get(detail["type"], "")
    allowed = detail.get("ctx", {}).get("expected", "") if detail["type"] == "literal_error" else ""
    return f"{remedy}: {allowed}" if 0 < len(allowed) <= LONGEST_LIST else remedy


_REMEDIES = {
    "literal_error": "add it to the signature, or use one of the allowed values",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "bool_parsing": "write true or false",
    "list_type": 'write a JSON list, like ["a", "b"]',
    "string_type": "write a text",
    "missing": "add the value",
}
