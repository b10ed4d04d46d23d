"""The optimizer `balanced_demos`: the same number of labelled demos for every label."""

from __future__ import annotations

from collections import defaultdict

import dspy
from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.optimizers import Compiled, Optimizer, OptimizerContext
from dspyui_core.optimizers.protocol import Examples, shuffled, validation_score


class Options(BaseModel):
    """Options of balanced_demos."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_label: int = Field(4, ge=1, description="Demos in the prompt for each label.")


class BalancedDemos(Optimizer):
    """Puts up to `per_label` training rows of every label into the prompt; compiles without an LM.

    Where one label is rare, a plain draw may leave it out; this one does not.
    """

    name = "balanced_demos"
    needs_one_predictor = True
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
        self.check(student)
        program = student.reset_copy()
        demos = self._draw(shuffled(trainset, context.seed))
        program.predictors()[0].demos = demos
        score = validation_score(program, valset, context)
        note = f"{len(demos)} demos, {self._options.per_label} of each label: {score:.3f}"
        return Compiled(program, self.name, f"{note} on validation", score)

    def _draw(self, rows: Examples) -> list[dspy.Example]:
        taken: dict[str, list[dspy.Example]] = defaultdict(list)
        for row in rows:
            of_this_label = taken[repr(sorted(row.labels().items()))]
            if len(of_this_label) < self._options.per_label:
                of_this_label.append(row)
        return [row for _, drawn in sorted(taken.items()) for row in drawn]
