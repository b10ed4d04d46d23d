"""`random_search`: bootstrapped demo sets, the best on validation kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import dspy
from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.optimizers.protocol import (
    Compiled,
    Examples,
    Optimizer,
    OptimizerContext,
    sample,
    shuffled,
    validation_score,
)


class Options(BaseModel):
    """Options of random_search."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrapped_demos: int = Field(8, ge=1, description="Most demos the LM answered itself.")
    labeled_demos: int = Field(32, ge=0, description="Most demos taken from training rows.")
    candidates: int = Field(6, ge=1, description="Random demo sets tried besides the fixed three.")
    validation_limit: int = Field(300, ge=1, description="Most validation rows a set is scored on.")
    success_threshold: float = Field(
        0.8, ge=0, le=1, description="Metric from which a bootstrapped answer becomes a demo."
    )


class RandomSearch(Optimizer):
    """dspy.BootstrapFewShotWithRandomSearch with a bounded validation set."""

    name = "random_search"
    Options = Options

    def compile(
        self,
        student: dspy.Module,
        *,
        trainset: Examples,
        valset: Examples,
        context: OptimizerContext,
    ) -> Compiled:
        """Try demo sets, keep the best on (at most `validation_limit`) validation rows."""
        selection = sample(valset, self._options.validation_limit, context.seed)
        context.on_progress(f"random_search: {self._tried} demo sets on {len(selection)} rows each")
        with _unheard():
            search = self._search(context, len(trainset) + len(selection))
            program = search.compile(
                student, trainset=shuffled(trainset, context.seed), valset=selection
            )
        program.__dict__.pop("candidate_programs", None)
        score = validation_score(program, valset, context)
        demos = max((len(predictor.demos) for predictor in program.predictors()), default=0)
        note = f"best of {self._tried} demo sets ({demos} demos): {score:.3f} on validation"
        return Compiled(program, self.name, note, score)

    @property
    def _tried(self) -> int:
        # Besides the random ones DSPy tries no demos, labelled ones, and unshuffled ones.
        return self._options.candidates + 3

    def _search(self, context: OptimizerContext, rows: int) -> Any:
        return dspy.BootstrapFewShotWithRandomSearch(
            metric=context.metric,
            metric_threshold=self._options.success_threshold,
            max_bootstrapped_demos=self._options.bootstrapped_demos,
            max_labeled_demos=self._options.labeled_demos,
            num_candidate_programs=self._options.candidates,
            num_threads=context.threads,
            # A row that fails is a wrong row, never the end of the search.
            max_errors=rows * self._tried + 1,
        )


@contextmanager
def _unheard() -> Iterator[None]:
    """DSPy narrates its search, row by row, on both streams and has no switch for it."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
