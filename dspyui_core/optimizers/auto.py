"""`auto`: compile random_search and knn_few_shot, keep the better on validation, say why."""

from __future__ import annotations

import dspy
from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.optimizers.knn import KnnFewShot
from dspyui_core.optimizers.knn import Options as KnnOptions
from dspyui_core.optimizers.protocol import Compiled, Examples, Optimizer, OptimizerContext
from dspyui_core.optimizers.random_search import Options as SearchOptions
from dspyui_core.optimizers.random_search import RandomSearch


class Options(BaseModel):
    """Options of auto: those of the optimizers it tries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    random_search: SearchOptions = Field(SearchOptions(), description="Options of random_search.")
    knn_few_shot: KnnOptions = Field(KnnOptions(), description="Options of knn_few_shot.")


class Auto(Optimizer):
    """Tries each optimizer that fits the program."""

    name = "auto"
    Options = Options

    def compile(
        self,
        student: dspy.Module,
        *,
        trainset: Examples,
        valset: Examples,
        context: OptimizerContext,
    ) -> Compiled:
        """The compiled program with the best validation score; the first one wins a tie."""
        tried = []
        for optimizer in self._fitting(student):
            found = optimizer.compile(student, trainset=trainset, valset=valset, context=context)
            context.on_progress(f"{found.optimizer}: {found.note}")
            tried.append(found)
        best = max(tried, key=lambda compiled: compiled.validation_score or 0.0)
        return Compiled(best.program, best.optimizer, _why(best, tried), best.validation_score)

    def _fitting(self, student: dspy.Module) -> list[Optimizer]:
        tried: list[Optimizer] = [
            KnnFewShot(self._options.knn_few_shot),
            RandomSearch(self._options.random_search),
        ]
        single = len(student.predictors()) == 1
        return [optimizer for optimizer in tried if single or not optimizer.needs_one_predictor]


def _why(best: Compiled, tried: list[Compiled]) -> str:
    others = [f"{other.optimizer} ({other.note})" for other in tried if other is not best]
    if not others:
        return f"{best.note}; knn_few_shot needs a program with one predictor"
    return f"{best.note}; better than {', '.join(others)}"
