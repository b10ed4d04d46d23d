"""Modules: how a signature becomes a program, and the module that retrieves its demos per input."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dspy
from dspy.predict.parameter import Parameter
from pydantic import BaseModel, ConfigDict

from dspyui_core.errors import ProgramError, SpecError
from dspyui_core.extensions import MODULES
from dspyui_core.spec import Choice
from dspyui_core.text import Index

__all__ = [
    "ChainOfThought",
    "DemoMemory",
    "Predict",
    "RetrievedDemos",
    "check_options",
    "create_dspy_module",
    "import_python",
    "single_predictor",
]


class NoOptions(BaseModel):
    """An entry without options."""

    model_config = ConfigDict(extra="forbid")


class Predict:
    """`module: predict`: the signature in one LM call."""

    Options = NoOptions

    @staticmethod
    def build(signature: type[dspy.Signature], options: BaseModel) -> dspy.Module:
        """A dspy.Predict of the signature."""
        return dspy.Predict(signature)


class ChainOfThought:
    """`module: chain_of_thought`: reasoning before the outputs."""

    Options = NoOptions

    @staticmethod
    def build(signature: type[dspy.Signature], options: BaseModel) -> dspy.Module:
        """A dspy.ChainOfThought of the signature."""
        return dspy.ChainOfThought(signature)


def create_dspy_module(
    choice: Choice, signature: type[dspy.Signature], *, workspace: Path | None = None
) -> dspy.Module:
    """An uncompiled module of this kind for the signature.

    A `python:` class is called with the signature, and with the options as keywords.
    Raises SpecError where the name, an option or the class is wrong.
    """
    if not choice.is_python:
        entry = MODULES.get(choice.name)
        built: dspy.Module = entry.build(signature, MODULES.options(choice.name, choice.options))
        return built
    made_by = import_python(choice.target, workspace=workspace)
    check_options(made_by, choice, signature)
    built = made_by(signature, **choice.options)
    if not isinstance(built, dspy.Module):
        raise SpecError(f"{choice.name} makes a {type(built).__name__}, not a dspy.Module")
    return built


def import_python(target: str, *, workspace: Path | None = None) -> Any:
    """The user's own `package.module:Name`, found in the workspace or among installed packages.

    The workspace is appended to the import path, so that it shadows nothing.
    """
    if workspace is not None and str(workspace.resolve()) not in sys.path:
        sys.path.append(str(workspace.resolve()))
    module_name, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise SpecError(
            f"cannot import python:{target}: {error}",
            hint="check the name, and that the workspace or an installed package holds it",
        ) from error


def check_options(code: Any, choice: Choice, *arguments: Any) -> None:
    """Raises SpecError where the user's own code cannot be called like this with its options."""
    if not callable(code):
        raise SpecError(f"{choice.name} is a {type(code).__name__}, which cannot be called")
    # Of a class its __init__, as dspy.Module's metaclass takes anything; None stands for self.
    is_class = isinstance(code, type)
    called, first = (code.__init__, [None]) if is_class else (code, [])
    try:
        inspect.signature(called).bind(*first, *arguments, **choice.options)
    except TypeError as error:
        raise SpecError(
            f"{choice.name} cannot be called with these options: {error}",
            hint=f"options: {', '.join(choice.options) or 'none'}",
        ) from None


class DemoMemory(Parameter):
    """Labelled rows kept as a learnable parameter: JSON in, JSON out."""

    def __init__(self, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = rows or []
        self._index: Index | None = None

    def nearest(self, query: str, k: int, inputs: tuple[str, ...]) -> list[dict[str, Any]]:
        """The k rows whose inputs are most similar to the query, the nearest last."""
        if self._index is None:
            self._index = Index([input_text(row, inputs) for row in self.rows])
        found = self._index.nearest(query, k)
        return [self.rows[position] for position, _ in reversed(found)]

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """The rows."""
        return {"rows": self.rows}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Replace the rows; the index is rebuilt at the next look-up."""
        self.rows = list(state["rows"])
        self._index = None

    def reset(self) -> None:
        """Forget every row."""
        self.load_state({"rows": []})

    def __deepcopy__(self, memo: dict[int, Any]) -> DemoMemory:
        # Rows are never changed in place, so copies share them and the index over them.
        twin = DemoMemory(self.rows)
        twin._index = self._index
        return twin


class RetrievedDemos(dspy.Module):
    """A single-predictor program that puts the k most similar remembered rows in its prompt."""

    def __init__(self, program: dspy.Module, *, k: int, rows: list[dict[str, Any]] | None = None):
        super().__init__()
        self.program = program
        self.memory = DemoMemory(rows)
        self.k = k

    def forward(self, **inputs: Any) -> dspy.Prediction:
        """One call with the demos nearest to these inputs."""
        return self._with_demos(inputs)(**inputs)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """One asynchronous call with the demos nearest to these inputs."""
        return await self._with_demos(inputs).acall(**inputs)

    def demos_for(self, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The remembered rows that go into the prompt for these inputs, the nearest last."""
        names = tuple(single_predictor(self.program).signature.input_fields)
        return self.memory.nearest(input_text(inputs, names), self.k, names)

    def _with_demos(self, inputs: Mapping[str, Any]) -> dspy.Module:
        # A copy per call: demos set on a shared predictor would leak between threads.
        twin = self.program.deepcopy()
        demos = [dspy.Example(**row) for row in self.demos_for(inputs)]
        single_predictor(twin).demos = demos
        return twin


def single_predictor(program: dspy.Module) -> dspy.Predict:
    """The one predictor of a program. Raises ProgramError where there are none or several."""
    predictors: list[dspy.Predict] = program.predictors()
    if len(predictors) != 1:
        raise ProgramError(
            f"retrieved demos need a program with one predictor; this one has {len(predictors)}",
            hint="use the optimizer random_search",
        )
    return predictors[0]


def input_text(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """A row's inputs as one text, for comparing."""
    return "\n".join(str(row[name]) for name in names if row.get(name) is not None)
