"""Matching: the fields of the user's own program class, and the columns that they are read from."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dspy

from dspyui_core.datasets.drafts.guessing import Guess, GuessedField, guess
from dspyui_core.datasets.reading.loading import RawTable
from dspyui_core.errors import InputError, Problem, SpecError
from dspyui_core.fields import Field
from dspyui_core.own_code import (
    forward_arguments,
    import_python,
    make_program,
    signature_parameter,
)
from dspyui_core.signatures import field_of
from dspyui_core.spec import PYTHON_PREFIX, Choice

__all__ = ["ProgramFields", "guess_for", "read_program"]


@dataclass(frozen=True, slots=True)
class ProgramFields:
    """What a program class says of itself; a field it does not type is None, unknown ones absent.

    `target` is its `package.module:Class`. One with signatures of its own may give more outputs
    than a file has labels for; `doubts` are sentences on what was guessed.
    """

    target: str
    instructions: str
    inputs: Mapping[str, Field | None]
    outputs: Mapping[str, Field | None]
    own_signatures: bool = False
    doubts: tuple[str, ...] = ()


def read_program(target: str, *, workspace: Path) -> ProgramFields:
    """The fields of `package.module:Class`.

    Of a class that takes a signature they are its default one's, or forward's arguments; of one
    with signatures of its own, forward's arguments and the outputs of its last predictor. Raises
    SpecError where it cannot be imported or made, or is no dspy.Module.
    """
    target = target.removeprefix(PYTHON_PREFIX)
    if not all(target.partition(":")):
        raise SpecError(f"{target!r} names no class", hint="write it as package.module:Class")
    made_by: Any = import_python(target, workspace=workspace)
    if not (isinstance(made_by, type) and issubclass(made_by, dspy.Module)):
        kind = made_by.__name__ if isinstance(made_by, type) else type(made_by).__name__
        raise SpecError(
            f"{target} is no dspy.Module class, but {kind}",
            hint="name the class itself, and derive it from dspy.Module",
        )
    parameter = signature_parameter(made_by, {})
    if parameter is None:
        return _of_its_predictors(target, made_by, workspace)
    signature = _default_signature(parameter)
    if signature is not None:
        inputs, outputs = _fields(signature.input_fields), _fields(signature.output_fields)
        return ProgramFields(target, signature.instructions, inputs, outputs)
    return ProgramFields(target, "", dict.fromkeys(forward_arguments(made_by)), {})


def guess_for(
    program: ProgramFields, table: RawTable, *, labels: Sequence[str], inputs: Sequence[str]
) -> Guess:
    """The guess whose fields are the program's, with the columns that they are read from.

    Fields take the column of their name; the others take those that were named or guessed, in
    order, where as many are left. Raises InputError naming the fields and the columns otherwise.
    """
    free = guess(table, labels=labels, inputs=inputs)
    outputs = _paired(program.outputs, table, [f.column for f in free.outputs], bool(labels))
    taken = set(outputs.values())
    offered = [f.column for f in free.inputs if f.column not in taken]
    entering = _paired(program.inputs, table, offered, bool(inputs))
    lost = [("input", n) for n in program.inputs if n not in entering]
    unlabelled = [n for n in program.outputs if n not in outputs]
    # A program with signatures of its own goes on giving what nobody judges.
    if not (program.own_signatures and outputs):
        lost += [("output", n) for n in unlabelled]
    if lost:
        raise _mismatch(program, table, lost)
    found = guess(
        table,
        labels=list(outputs.values()) or labels,
        inputs=list(entering.values()) or inputs,
    )
    return replace(
        found,
        inputs=_as_program(found.inputs, program.inputs),
        outputs=_as_program(found.outputs, {n: program.outputs[n] for n in outputs}),
        doubts=(*program.doubts, *_not_judged(unlabelled, table), *found.doubts),
    )


def _of_its_predictors(target: str, made_by: type[dspy.Module], workspace: Path) -> ProgramFields:
    """What the predictors of a program say that is made without a signature."""
    program = make_program(Choice(name=f"{PYTHON_PREFIX}{target}"), None, workspace=workspace)
    predictors = program.named_predictors()
    asked = forward_arguments(made_by)
    if not predictors:
        return ProgramFields(target, "", dict.fromkeys(asked), {}, own_signatures=True)
    known: dict[str, Field | None] = {}
    for _, predictor in predictors:
        known |= _fields(predictor.signature.input_fields)
    name, last = predictors[-1]
    outputs = _fields(last.signature.output_fields)
    for _, thinking in program.named_sub_modules(dspy.ChainOfThought):
        if thinking.predict is last:
            outputs.pop("reasoning", None)
    doubt = (
        f"the outputs are those of {name}, the last of {len(predictors)} predictors; "
        "correct them in the spec where forward returns others"
    )
    return ProgramFields(
        target,
        last.signature.instructions,
        {n: known.get(n) for n in asked or predictors[0][1].signature.input_fields},
        outputs,
        own_signatures=True,
        doubts=(doubt,) if len(predictors) > 1 else (),
    )


def _default_signature(parameter: inspect.Parameter) -> Any:
    """The signature that a class has as the default of this parameter, or None."""
    default = parameter.default
    if isinstance(default, str) and "->" in default:
        return dspy.Signature(default)
    is_signature = isinstance(default, type) and issubclass(default, dspy.Signature)
    return default if is_signature else None


def _fields(slots: Mapping[str, Any]) -> dict[str, Field | None]:
    return {name: field_of(name, slot) for name, slot in slots.items()}


def _paired(
    wanted: Mapping[str, Field | None], table: RawTable, offered: Sequence[str], named: bool
) -> dict[str, str]:
    """The column of each wanted field that has one, in the order of the fields."""
    by_name = {_plain(column): column for column in (offered if named else table.columns)}
    found = {name: by_name[_plain(name)] for name in wanted if _plain(name) in by_name}
    lost = [name for name in wanted if name not in found]
    left = [column for column in offered if column not in found.values()]
    if len(lost) == len(left) and (named or len(left) == 1):
        found |= dict(zip(lost, left, strict=True))
    return {name: found[name] for name in wanted if name in found}


def _not_judged(names: Sequence[str], table: RawTable) -> list[str]:
    return [
        f"no column of {table.name} has {name}, so it is left out: neither judged nor answered"
        for name in names
    ]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _as_program(
    parts: Sequence[GuessedField], wanted: Mapping[str, Field | None]
) -> tuple[GuessedField, ...]:
    """The guessed fields under the program's names, and with its types where it has them."""
    if not wanted:
        return tuple(parts)
    renamed = []
    for part, (name, own) in zip(parts, wanted.items(), strict=True):
        field = own or part.field.model_copy(update={"name": name})
        if own is not None and part.field.type == "literal" and own.type == "str":
            # The program leaves open which texts there are, and the file says it.
            field = part.field.model_copy(update={"name": name})
        renamed.append(replace(part, field=field, why="the program asks for it"))
    return tuple(renamed)


def _mismatch(
    program: ProgramFields, table: RawTable, lost: Sequence[tuple[str, str]]
) -> InputError:
    columns = ", ".join(table.columns)
    problems = [Problem(name, f"no column fits this {role} of the program") for role, name in lost]
    gives = f" and gives {', '.join(program.outputs)}" if program.outputs else ""
    return InputError(
        f"{PYTHON_PREFIX}{program.target} takes {', '.join(program.inputs) or 'anything'}{gives}; "
        f"{table.name} has the columns {columns}",
        problems,
        hint="name a column for each field, in the program's order: --input COLUMN --label COLUMN; "
        "dataset.columns of the spec then says which is which",
    )
