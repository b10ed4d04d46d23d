"""Guessing: which columns of a data file a program takes, which it gives, and why it seems so."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as slot

from pydantic import BaseModel

from dspyui_core.datasets.drafts.columns import Column, columns_of
from dspyui_core.datasets.drafts.roles import choose_outputs, is_split, split_problem, why_left_out
from dspyui_core.datasets.reading.loading import RawTable
from dspyui_core.errors import InputError, Problem
from dspyui_core.extensions import choice_hint
from dspyui_core.fields import FROM_DATA, Field, TypeName
from dspyui_core.spec.sections import TAKEN_NAMES

_TYPES: Mapping[str, TypeName] = {"int": "int", "float": "float", "bool": "bool", "list": "list"}
_NAMED_PAIRS = 3


@dataclass(frozen=True, slots=True)
class GuessedField:
    """A field and the column it is read from; `found` counts a literal's values in the file."""

    field: Field
    column: str
    why: str
    found: Mapping[str, int] = slot(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that the program does not use, and why."""

    column: str
    why: str


@dataclass(frozen=True, slots=True)
class Guess:
    """What a file seems to hold; `doubts` are sentences that name what decides otherwise."""

    file: str
    rows: int
    inputs: tuple[GuessedField, ...]
    outputs: tuple[GuessedField, ...]
    left_out: tuple[LeftOut, ...] = ()
    split_column: str | None = None
    doubts: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[GuessedField, ...]:
        """Inputs, then outputs."""
        return (*self.inputs, *self.outputs)

    @property
    def columns(self) -> dict[str, str]:
        """The column of each field that is called otherwise, by field."""
        return {f.field.name: f.column for f in self.fields if f.field.name != f.column}

    @property
    def metric(self) -> str:
        """`similarity` where an output is free text, else `exact_match`."""
        free = any(guessed.field.type == "str" for guessed in self.outputs)
        return "similarity" if free else "exact_match"


def guess(table: RawTable, *, labels: Sequence[str] = (), inputs: Sequence[str] = ()) -> Guess:
    """Guess a program's fields from a file; named columns are taken as they are.

    Raises InputError with every named column that does not exist, and where no input or no output
    is found.
    """
    if not table.rows:
        raise InputError(f"{table.name} has a header and no rows", hint="add rows below it")
    _refuse_unknown(table, labels, inputs)
    columns = [column for column in columns_of(table) if column.name not in inputs]
    split = next((c for c in columns if is_split(c) and c.name not in labels), None)
    rest = [column for column in columns if column is not split]
    chosen = choose_outputs(rest, labels)
    left_out = [_left_out(column, chosen.columns, bool(inputs)) for column in rest]
    useless = tuple(part for part in left_out if part is not None)
    unused = {part.column for part in useless} | {column.name for column in chosen.columns}
    named = [column for name in inputs for column in columns_of(table) if column.name == name]
    taken = named or [column for column in rest if column.name not in unused]
    if not taken or not chosen.columns:
        raise _nothing_found(table, useless, "output" if taken else "input")
    return _with_own_names(
        Guess(
            file=table.name,
            rows=len(table.rows),
            inputs=tuple(_input(c, named=bool(named), among=len(taken)) for c in taken),
            outputs=tuple(_output(column, chosen.why) for column in chosen.columns),
            left_out=(*useless, *_unfit_split(split)),
            split_column=None if split is None or split_problem(split) else split.name,
            doubts=(*chosen.doubts, *(d for c in chosen.columns for d in _doubts(c))),
        )
    )


def _refuse_unknown(table: RawTable, labels: Sequence[str], inputs: Sequence[str]) -> None:
    given = [("--label", name) for name in labels] + [("--input", name) for name in inputs]
    problems = [
        Problem(option, f"is no column of {table.name}", name, _available(name, table.columns))
        for option, name in given
        if name not in table.columns
    ]
    problems += [
        Problem("--input", "is named with --label, too", name, "name it once")
        for name in inputs
        if name in labels
    ]
    if problems:
        raise InputError("a named column cannot be taken", problems)


def _available(name: str, columns: tuple[str, ...]) -> str:
    return choice_hint(name, columns).replace("allowed:", "available:")


def _left_out(column: Column, outputs: Sequence[Column], inputs_named: bool) -> LeftOut | None:
    if column in outputs:
        return None
    why = why_left_out(column, outputs)
    if not why and inputs_named:
        why = "it is not named with --input"
    return LeftOut(column.name, why) if why else None


def _unfit_split(split: Column | None) -> tuple[LeftOut, ...]:
    if split is None or not (problem := split_problem(split)):
        return ()
    how = "write it so and set dataset.split_column"
    return (LeftOut(split.name, f"it seems to say the splits, but {problem}; {how}"),)


def _input(column: Column, *, named: bool, among: int) -> GuessedField:
    optional = column.blank > 0 and among > 1
    why = "named with --input" if named else "it may tell the answer"
    blank = f"; {column.blank} blank cells make it optional" if optional else ""
    return GuessedField(_field(column, optional=optional), column.name, why + blank)


def _output(column: Column, why: str) -> GuessedField:
    if not column.holds_classes:
        return GuessedField(_field(column), column.name, why)
    found = dict(sorted(column.values.items(), key=lambda pair: (-pair[1], pair[0])))
    literal = Field(name=_field_name(column.name), type="literal", values=FROM_DATA)
    return GuessedField(literal, column.name, why, found)


def _field(column: Column, *, optional: bool = False) -> Field:
    kind = _TYPES.get(column.type, "str")
    return Field(name=_field_name(column.name), type=kind, optional=optional)


def _doubts(column: Column) -> list[str]:
    doubts = []
    if column.blank:
        doubts.append(f"{column.blank} rows have no {column.name}: they cannot be learned from")
    if column.holds_classes:
        pairs = column.alike()[:_NAMED_PAIRS]
        doubts += [f"{a!r} and {b!r} count as two values: write them alike" for a, b in pairs]
    elif column.type == "str":
        doubts.append(
            f"{column.name} is free text, scored by metric similarity: alike words count, not "
            "meaning; a metric of your own is written python:package.module:Name"
        )
    return doubts


def _nothing_found(table: RawTable, left_out: Sequence[LeftOut], what: str) -> InputError:
    problems = [Problem(part.column or "(no name)", part.why) for part in left_out]
    option = "--label" if what == "output" else "--input"
    return InputError(
        f"{table.name} has no column left for an {what}",
        problems,
        hint=f"a program needs an input and an output: add a column, or name one with {option}",
    )


def _with_own_names(found: Guess) -> Guess:
    """The guess with a second field of one name numbered."""
    used: Counter[str] = Counter()

    def own(part: GuessedField) -> GuessedField:
        name = part.field.name
        used[name] += 1
        if used[name] == 1:
            return part
        return replace(part, field=part.field.model_copy(update={"name": f"{name}_{used[name]}"}))

    return replace(
        found,
        inputs=tuple(own(part) for part in found.inputs),
        outputs=tuple(own(part) for part in found.outputs),
    )


def _field_name(column: str) -> str:
    """The column's name where a field can have it, else an identifier made of it."""
    name = re.sub(r"\W+", "_", column.strip()).strip("_").lower() or "field"
    if column.isidentifier() and not column.startswith("_"):
        name = column
    if name[0].isdigit():
        name = f"field_{name}"
    taken = keyword.iskeyword(name) or name in TAKEN_NAMES or hasattr(BaseModel, name)
    return f"{name}_field" if taken else name
