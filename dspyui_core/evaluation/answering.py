"""One answer of a program: a prediction as plain JSON, or what went wrong in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy
from pydantic import BaseModel

from dspyui_core.errors import ProgramError
from dspyui_core.lms import as_lm_error, redacted

__all__ = ["answer", "call", "describe", "is_of_dspy", "outputs_of"]


def answer(program: dspy.Module, inputs: Mapping[str, Any]) -> tuple[dspy.Prediction | None, str]:
    """The program's prediction, or None and the reason; nothing is raised."""
    try:
        return call(program, inputs), ""
    except Exception as error:  # noqa: BLE001 - the edge where any failure becomes a failed row
        return None, describe(error)


def call(program: dspy.Module, inputs: Mapping[str, Any]) -> dspy.Prediction:
    """The program's prediction. Raises ProgramError where it returns something else."""
    prediction = program(**inputs)
    if not isinstance(prediction, dspy.Prediction):
        raise ProgramError(
            f"the program returned a {type(prediction).__name__}, not a dspy.Prediction",
            hint="let the module's forward return what its predictor returned",
        )
    return prediction


def outputs_of(prediction: dspy.Prediction, names: Sequence[str]) -> dict[str, Any]:
    """The named outputs of a prediction as plain JSON values; None where it lacks one."""
    # By key: as attributes, outputs called `items` or `labels` are methods of DSPy's records.
    return {name: plain(prediction.get(name)) for name in names}


def plain(value: Any) -> Any:
    """A typed output as plain JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def describe(error: Exception) -> str:
    """An exception in one line, free of secrets."""
    if is_of_dspy(error):
        return str(as_lm_error(error))
    return redacted(f"{type(error).__name__}: {error}".splitlines()[0])[:300]


def is_of_dspy(error: Exception) -> bool:
    """Whether DSPy raised it: the LM did not answer, or not as asked."""
    return type(error).__module__.partition(".")[0] == "dspy"
