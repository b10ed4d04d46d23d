"""Checking: what may be said of an answer, and what a correction of it may be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from pydantic import BaseModel

from dspyui_core.errors import Problem
from dspyui_core.fields import Field, TypeName, parse_row, row_model

Rating = Literal["thumbs_up", "thumbs_down"]
RATINGS: tuple[str, ...] = get_args(Rating)
LONGEST_COMMENT = 10_000
RETRACTION: Mapping[str, Any] = {"retracted": True}
PLAIN = "write plain text: no NUL, and characters beyond the basic plane whole, not as halves"


class Outputs:
    """The typed outputs of whoever gave an answer: what a correction of it may say."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = {field.name: field for field in fields}
        # Making one takes a millisecond, and a file has many rows.
        self._models: dict[tuple[str, ...], type[BaseModel]] = {}

    def check(self, correction: Any) -> tuple[dict[str, Any], list[Problem]]:
        """A correction by output name, its values typed, and every problem of it.

        Where there is one output, its bare value is a correction, too.
        """
        outputs = f"outputs: {', '.join(self._fields)}"
        corrected = self._named(correction)
        if corrected is None:
            return {}, [Problem("corrected_output", "names no output", correction, outputs)]
        strange = [name for name in corrected if name not in self._fields]
        unknown = [Problem(name, "is no output", None, outputs) for name in strange]
        named = [field for name, field in self._fields.items() if name in corrected]
        values, problems = parse_row(named, corrected, model=self._model(named))
        broken = [
            Problem(n, "is no plain text", v, PLAIN) for n, v in values.items() if unstorable(v)
        ]
        return values, unknown + [self._with_values(problem) for problem in problems] + broken

    def _named(self, correction: Any) -> Mapping[str, Any] | None:
        only = next(iter(self._fields.values())) if len(self._fields) == 1 else None
        if isinstance(correction, Mapping):
            # An object may itself be the value of the only output.
            whole = only is not None and only.type == "object" and only.name not in correction
            return {only.name: correction} if only and whole else correction
        return None if only is None else {only.name: correction}

    def _model(self, fields: Sequence[Field]) -> type[BaseModel]:
        names = tuple(field.name for field in fields)
        if names not in self._models:
            self._models[names] = row_model(fields)
        return self._models[names]

    def _with_values(self, problem: Problem) -> Problem:
        values = self._fields[problem.column.split(".")[0]].values
        if not isinstance(values, tuple):
            return problem
        return replace(problem, remedy=f"use one of: {', '.join(values)}")


def fields_of(outputs: Mapping[str, Any]) -> tuple[Field, ...]:
    """The outputs of an answer whose program nobody described, typed by its own values."""
    named = ((n, v) for n, v in outputs.items() if n.isidentifier() and not n.startswith("_"))
    return tuple(_typed(name, value) for name, value in named)


def _typed(name: str, value: Any) -> Field:
    if isinstance(value, list):
        items = _typed("item", value[0] if value else None)
        return Field(name=name, type="list", items=items, optional=True)
    parts = fields_of(value) if isinstance(value, Mapping) else ()
    if parts:
        return Field(name=name, type="object", fields=parts, optional=True)
    kinds: dict[type, TypeName] = {bool: "bool", int: "int", float: "float"}
    return Field(name=name, type=kinds.get(type(value), "str"), optional=True)


def said_problems(rating: str | None, corrects: bool, comment: str | None) -> list[Problem]:
    """What is wrong with a rating and a comment, where a correction is, or is not, there, too."""
    return [*_rating_problems(rating, corrects), *_comment_problems(comment)]


def said(
    rating: str | None, corrected: Mapping[str, Any] | None, comment: str | None
) -> dict[str, Any]:
    """What the journal holds of feedback."""
    return {"rating": rating, "corrected_output": corrected or None, "comment": comment}


def _rating_problems(rating: str | None, corrects: bool) -> list[Problem]:
    remedy = f"use {' or '.join(RATINGS)}"
    if rating in RATINGS or (rating is None and corrects):
        return []
    if rating is None:
        return [Problem("rating", "is missing, and no output is corrected", None, remedy)]
    return [Problem("rating", "is not a rating", rating, remedy)]


def _comment_problems(comment: str | None) -> list[Problem]:
    if comment is None:
        return []
    if len(comment) > LONGEST_COMMENT:
        long = f"is longer than {LONGEST_COMMENT} characters"
        return [Problem("comment", long, f"{len(comment)} characters", "shorten it")]
    return [Problem("comment", "is no plain text", comment, PLAIN)] if unstorable(comment) else []


def unstorable(value: Any) -> bool:
    """Whether there is text in it that no file and not every database takes."""
    if isinstance(value, str) and value.isascii():
        return "\0" in value
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    # JSON writes NUL as an escape, and a backslash before the same letters as two.
    return "\\u0000" in text.replace("\\\\", "")
