"""`labeled_few_shot`: a fixed handful of training rows as demos."""

from __future__ import annotations

from typing import Any

import dspy
from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.optimizers.protocol import (
    Compiled,
    Examples,
    OptimizerContext,
    shuffled,
    validation_score,
)


class Options(BaseModel):
    """Options of labeled_few_shot."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: int = Field(16, ge=1, description="Demos in the prompt.")


class LabeledFewShot:
    """Puts `k` training rows into every predictor's prompt; no LM call while compiling."""

    Options = Options

    def __init__(self, options: Any) -> None:
        self._options = options

    def check(self, student: dspy.Module) -> None:
        """Every program fits."""

    def compile(
        self,
        student: dspy.Module,
        *,
        trainset: Examples,
        valset: Examples,
        context: OptimizerContext,
    ) -> Compiled:
        """Draw the rows by seed and score the program on the validation rows."""
        optimizer = dspy.LabeledFewShot(k=self._options.k)
        program = optimizer.compile(student, trainset=shuffled(trainset, context.seed))
        score = validation_score(program, valset, context)
        note = f"{min(self._options.k, len(trainset))} labelled demos: {score:.3f} on validation"
        return Compiled(program, "labeled_few_shot", note, score)
