"""The metric `ordinal`: values on a scale, where nearly right is better than far off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.errors import SpecError
from dspyui_core.fields import Field as OutputField


class Scale(BaseModel):
    """Options of ordinal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(description="The output that is scored.")
    values: tuple[str, ...] = Field(min_length=2, description="The scale, from end to end.")


class Ordinal:
    """1.0 for the right value, less for each step away from it, 0.0 from end to end of the scale.

    A value that the scale does not have scores 0.0.
    """

    Options = Scale

    def __init__(self, options: Scale, outputs: Sequence[OutputField]) -> None:
        names = [output.name for output in outputs]
        if options.field not in names:
            raise SpecError(
                f"the metric scores {options.field!r}, which is no output",
                hint=f"outputs: {', '.join(names)}",
            )
        self._field = options.field
        self._scale = options.values

    def __call__(self, example: Any, prediction: Any, trace: Any = None) -> float:
        """Score one prediction."""
        label, answer = example[self._field], prediction[self._field]
        if label not in self._scale or answer not in self._scale:
            return 0.0
        steps = abs(self._scale.index(label) - self._scale.index(answer))
        return 1 - steps / (len(self._scale) - 1)
