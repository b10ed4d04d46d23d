"""Modules: how a signature becomes a program, and the module that retrieves its demos per input."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dspy
from dspy.predict.parameter import Parameter
from pydantic import BaseModel, ConfigDict

from dspyui_core.errors import ProgramError
from dspyui_core.extensions import MODULES
from dspyui_core.own_code import make_program
from dspyui_core.spec import Choice
from dspyui_core.text import Index

__all__ = [
    "ChainOfThought",
    "DemoMemory",
    "Predict",
    "RetrievedDemos",
    "create_dspy_module",
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

    A `python:` class is called with the options as keywords, and with the signature where it takes
    one; otherwise its own signatures count. Raises SpecError where the name, an option or the
    class is wrong.
    """
    if choice.is_python:
        return make_program(choice, signature, workspace=workspace)
    entry = MODULES.get(choice.name)
    built: dspy.Module = entry.build(signature, MODULES.options(choice.name, choice.options))
    return built


class DemoMemory(Parameter):
    """Labelled rows kept as a learnable parameter: JSON in, JSON out."""

    def __init__(self, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = rows or []
        self._indexes: dict[tuple[str, ...], Index] = {}

    def nearest(self, query: str, k: int, inputs: tuple[str, ...]) -> list[dict[str, Any]]:
        """The k rows whose inputs are most similar to the query, the nearest last."""
        if inputs not in self._indexes:
            self._indexes[inputs] = Index([input_text(row, inputs) for row in self.rows])
        found = self._indexes[inputs].nearest(query, k)
        return [self.rows[position] for position, _ in reversed(found)]

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """The rows."""
        return {"rows": self.rows}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Replace the rows; the index is rebuilt at the next look-up."""
        self.rows = list(state["rows"])
        self._indexes = {}

    def reset(self) -> None:
        """Forget every row."""
        self.load_state({"rows": []})

    def __deepcopy__(self, memo: dict[int, Any]) -> DemoMemory:
        # Rows are never changed in place, so copies share them and the indexes over them.
        twin = DemoMemory(self.rows)
        twin._indexes = self._indexes
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
        return self._nearest(single_predictor(self.program), inputs)

    def _nearest(self, predictor: dspy.Predict, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        # An own program's forward may take other inputs than its predictor; the rows have these.
        known = [name for name in predictor.signature.input_fields if name in inputs]
        names = (*known, *sorted(set(inputs) - set(known)))
        return self.memory.nearest(input_text(inputs, names), self.k, names)

    def _with_demos(self, inputs: Mapping[str, Any]) -> dspy.Module:
        predictor = single_predictor(self.program)
        # A copy per call: demos set on a shared predictor would leak between threads. What holds
        # no predictor is shared: a program of the user's may hold a whole corpus.
        copies = {id(value): value for value in _shareable(self.program)}
        twin: dspy.Module = copy.deepcopy(self.program, copies)
        demos = [dspy.Example(**row) for row in self._nearest(predictor, inputs)]
        copies[id(predictor)].demos = demos
        return twin


def _shareable(module: dspy.Module) -> Iterator[Any]:
    """The attributes, at any depth, in which DSPy finds no further module."""
    for value in vars(module).values():
        listed = value.values() if isinstance(value, dict) else value
        parts = listed if isinstance(value, list | tuple | dict) else [value]
        inner = [part for part in parts if isinstance(part, dspy.Module)]
        if not inner:
            yield value
        for part in inner:
            yield from _shareable(part)


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
