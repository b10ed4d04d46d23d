"""Typed DSPy signatures built from a spec's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import dspy

from dspyui_core.fields import Field, TypeName, python_type
from dspyui_core.spec import SignatureSpec

__all__ = ["build_signature", "create_custom_signature", "field_of"]

_TYPES: Mapping[Any, TypeName] = {int: "int", float: "float", bool: "bool", str: "str"}


def create_custom_signature(
    inputs: Sequence[Field],
    outputs: Sequence[Field],
    instructions: str,
    *,
    name: str = "Program",
) -> type[dspy.Signature]:
    """A new Signature class with these fields; never shared, so an optimizer may change it."""
    slots = {field.name: _slot(field, dspy.InputField) for field in inputs}
    slots |= {field.name: _slot(field, dspy.OutputField) for field in outputs}
    return dspy.make_signature(slots, instructions, name)


def build_signature(spec: SignatureSpec, *, name: str = "Program") -> type[dspy.Signature]:
    """The signature of a spec whose open literals are frozen."""
    return create_custom_signature(spec.inputs, spec.outputs, spec.instructions, name=name)


def field_of(name: str, slot: Any) -> Field | None:
    """The field of a signature's slot, or None for a type that a spec writes in its own way."""
    annotation = slot.annotation
    if get_origin(annotation) is Literal and all(isinstance(v, str) for v in get_args(annotation)):
        return Field(name=name, type="literal", values=get_args(annotation))
    return Field(name=name, type=_TYPES[annotation]) if annotation in _TYPES else None


def _slot(field: Field, kind: type) -> tuple[object, object]:
    options = {"desc": field.description} if field.description else {}
    return python_type(field), kind(**options)
