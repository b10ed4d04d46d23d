"""Matching: the fields of the user's own program class, and the columns that they are read from."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import dspy

from dspyui_core.datasets.guessing import Guess, GuessedField, guess
from dspyui_core.datasets.loading import RawTable
from dspyui_core.errors import InputError, Problem, SpecError
from dspyui_core.fields import Field, TypeName
from dspyui_core.modules import import_python
from dspyui_core.spec import PYTHON_PREFIX

__all__ = ["ProgramFields", "guess_for", "read_program"]

_TYPES: Mapping[Any, TypeName] = {int: "int", float: "float", bool: "bool", str: "str"}
_TAKES_ONE = "let its first argument be the signature: def __init__(self, signature): ..."


@dataclass(frozen=True, slots=True)
class ProgramFields:
    """What a program class says of itself; a field it does not type is None, unknown ones absent.

    `target` is its `package.module:Class`.
    """

    target: str
    instructions: str
    inputs: Mapping[str, Field | None]
    outputs: Mapping[str, Field | None]


def read_program(target: str, *, workspace: Path) -> ProgramFields:
    """The fields of `package.module:Class`, from its default signature or its forward's arguments.

    Raises SpecError where it cannot be imported, is no dspy.Module, or takes no signature, with
    which every program is made.
    """
    target = target.removeprefix(PYTHON_PREFIX)
    if not all(target.partition(":")):
        raise SpecError(f"{target!r} names no class", hint="write it as package.module:Class")
    made_by: Any = import_python(target, workspace=workspace)
    if not (isinstance(made_by, type) and issubclass(made_by, dspy.Module)):
        kind = made_by.__name__ if isinstance(made_by, type) else type(made_by).__name__
        raise SpecError(
            f"{target} is no dspy.Module, but {kind}", hint="derive it from dspy.Module"
        )
    signature = _default_signature(target, made_by)
    if signature is not None:
        inputs = {name: _field(name, slot) for name, slot in signature.input_fields.items()}
        outputs = {name: _field(name, slot) for name, slot in signature.output_fields.items()}
        return ProgramFields(target, signature.instructions, inputs, outputs)
    return ProgramFields(target, "", dict.fromkeys(_arguments(made_by)), {})


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
    lost += [("output", n) for n in program.outputs if n not in outputs]
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
        outputs=_as_program(found.outputs, program.outputs),
    )


def _default_signature(target: str, made_by: type[dspy.Module]) -> Any:
    """The signature that the class has as its default, or None; SpecError if it takes none."""
    try:
        bound = inspect.signature(made_by.__init__).bind(None, None)
    except TypeError:
        raise SpecError(f"{target} cannot be made from a signature", hint=_TAKES_ONE) from None
    name = next((name for name in bound.arguments if name != "self"), "")
    parameter = inspect.signature(made_by.__init__).parameters.get(name)
    default = getattr(parameter, "default", None)
    if isinstance(default, str) and "->" in default:
        return dspy.Signature(default)
    is_signature = isinstance(default, type) and issubclass(default, dspy.Signature)
    return default if is_signature else None


def _arguments(made_by: Any) -> list[str]:
    """The names of the arguments that a program's forward asks for."""
    forward = getattr(made_by, "forward", None)
    if forward is None:
        raise SpecError(f"{made_by.__name__} has no forward", hint="dspy calls it with the inputs")
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = list(inspect.signature(forward).parameters.values())[1:]
    return [p.name for p in parameters if p.kind in named and p.default is p.empty]


def _field(name: str, slot: Any) -> Field | None:
    """The field of a typed slot, or None for a type that a spec writes in its own way."""
    annotation = slot.annotation
    if get_origin(annotation) is Literal and all(isinstance(v, str) for v in get_args(annotation)):
        return Field(name=name, type="literal", values=get_args(annotation))
    return Field(name=name, type=_TYPES[annotation]) if annotation in _TYPES else None


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
