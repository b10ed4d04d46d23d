"""The metric `exact_match`: does every output equal its label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.errors import SpecError
from dspyui_core.fields import Field as OutputField
from dspyui_core.text import normalise


class FieldOptions(BaseModel):
    """Which outputs a metric compares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: tuple[str, ...] | None = Field(None, description="Outputs to compare; default: all.")


def compared_fields(options: FieldOptions, outputs: Sequence[OutputField]) -> tuple[str, ...]:
    """The names of the compared outputs. Raises SpecError for one that does not exist."""
    names = tuple(field.name for field in outputs)
    unknown = [name for name in options.fields or () if name not in names]
    if unknown:
        raise SpecError(
            f"the metric compares {', '.join(unknown)}, which is no output",
            hint=f"outputs: {', '.join(names)}",
        )
    return options.fields or names


class ExactMatch:
    """1.0 where every compared output equals its label, otherwise 0.0.

    Texts are compared after Unicode NFC, case folding and collapsing white space; numbers and
    truth values by value; lists item by item, in order; objects key by key.
    """

    Options = FieldOptions

    def __init__(self, options: FieldOptions, outputs: Sequence[OutputField]) -> None:
        self._fields = compared_fields(options, outputs)

    def __call__(self, example: Any, prediction: Any, trace: Any = None) -> float:
        """Score one prediction."""
        return float(all(_same(example[f], prediction[f]) for f in self._fields))


def _same(label: Any, answer: Any) -> bool:
    return bool(_comparable(label) == _comparable(answer))


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        return normalise(value)
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    if isinstance(value, BaseModel):
        return _comparable(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return value
