"""`labeled_few_shot`: a fixed handful of training rows as demos."""

from __future__ import annotations

import dspy
from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.optimizers.protocol import (
    Compiled,
    Examples,
    Optimizer,
    OptimizerContext,
    shuffled,
    validation_score,
)


class Options(BaseModel):
    """Options of labeled_few_shot."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: int = Field(16, ge=1, description="Demos in the prompt.")


class LabeledFewShot(Optimizer):
    """Puts `k` training rows into every predictor's prompt; no LM call while compiling."""

    name = "labeled_few_shot"
    Options = Options

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
        return Compiled(program, self.name, note, score)
