"""What an optimizer is given, what it has, and what it returns."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import dspy

from dspyui_core.errors import FlywheelError, LMError, ProgramError, SpecError
from dspyui_core.lms import lm_errors, redacted

Examples = Sequence[dspy.Example]
# Called as (example, prediction, trace=None); 0..1.
Metric = Callable[..., float | bool]


@dataclass(frozen=True, slots=True)
class OptimizerContext:
    """What every optimizer needs besides its options; the LM is scoped by the caller."""

    metric: Metric
    seed: int = 0
    threads: int = 1
    on_progress: Callable[[str], None] = lambda message: None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled program, the optimizer that made it, and why it was taken.

    `validation_score` is 0..1 on the validation rows, or None where none were scored.
    """

    program: dspy.Module
    optimizer: str
    note: str
    validation_score: float | None = None


class Optimizer(ABC):
    """An entry of the catalog: made from its `Options`, it compiles a student.

    `compile` never changes the student and never sees a holdout row.
    """

    name: ClassVar[str]
    needs_one_predictor: ClassVar[bool] = False

    def __init__(self, options: Any) -> None:
        self._options = options

    def check(self, student: dspy.Module) -> None:
        """Raise SpecError where the program does not fit; nothing is spent on finding out."""
        predictors = len(student.predictors())
        if self.needs_one_predictor and predictors != 1:
            raise SpecError(
                f"{self.name} needs a program with one predictor; this one has {predictors}",
                hint="use the optimizer random_search, or auto",
            )

    @abstractmethod
    def compile(
        self,
        student: dspy.Module,
        *,
        trainset: Examples,
        valset: Examples,
        context: OptimizerContext,
    ) -> Compiled:
        """Compile the student on the training rows, selecting on the validation rows."""


def sample(rows: Examples, limit: int, seed: int) -> list[dspy.Example]:
    """At most `limit` rows, drawn without replacement, in their own order."""
    if len(rows) <= limit:
        return list(rows)
    chosen = sorted(random.Random(seed).sample(range(len(rows)), limit))
    return [rows[position] for position in chosen]


def shuffled(rows: Examples, seed: int) -> list[dspy.Example]:
    """The rows in an order that depends on the seed alone."""
    mixed = list(rows)
    random.Random(seed).shuffle(mixed)
    return mixed


def validation_score(program: dspy.Module, rows: Examples, context: OptimizerContext) -> float:
    """The mean metric over the rows, 0..1; a row that fails counts as 0.

    Raises LMError or ProgramError with the first failure where every row fails.
    """
    failures: list[FlywheelError] = []
    evaluate = dspy.Evaluate(
        devset=list(rows),
        metric=_noting(failures, context.metric, "the metric"),
        num_threads=context.threads,
        max_errors=len(rows) + 1,
        failure_score=0.0,
        display_progress=False,
    )
    results = evaluate(_noting(failures, program, "the program")).results
    if failures and len(failures) == len(results):
        first = failures[0]
        raise type(first)(
            f"every one of {len(results)} validation rows failed; the first: {first.message}",
            hint=f"{first.hint}; then run the same command again",
        )
    if failures:
        told = f"{len(failures)} of {len(results)} validation rows failed and count as 0"
        context.on_progress(f"{told}; the first: {failures[0].message}")
    return sum(float(score) for _, _, score in results) / len(results)


def _noting(
    failures: list[FlywheelError], function: Callable[..., Any], what: str
) -> Callable[..., Any]:
    """The program or the metric, noting why it failed: dspy.Evaluate keeps no reason."""

    def noted(*args: Any, **inputs: Any) -> Any:
        try:
            with lm_errors():
                return function(*args, **inputs)
        except LMError as error:
            failures.append(error)
            raise
        except Exception as error:
            failures.append(
                ProgramError(
                    f"{what} raised {redacted(f'{type(error).__name__}: {error}')}",
                    hint=f"mend {what}",
                )
            )
            raise

    return noted
