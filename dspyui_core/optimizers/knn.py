"""`knn_few_shot`: demos retrieved per input from the training rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import dspy
from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.modules import RetrievedDemos
from dspyui_core.optimizers.protocol import (
    Compiled,
    Examples,
    Optimizer,
    OptimizerContext,
    shuffled,
    validation_score,
)


class Options(BaseModel):
    """Options of knn_few_shot."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: int = Field(16, ge=1, description="Demos retrieved for each input.")
    memory: int = Field(2_000, ge=1, description="Most rows kept, balanced over the labels.")


class KnnFewShot(Optimizer):
    """A program that looks up its demos, so that every further row can help.

    Only programs with one predictor; that is checked before anything is spent.
    """

    name = "knn_few_shot"
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
        """Remember the training rows and score the program on the validation rows."""
        self.check(student)
        rows = balanced(shuffled(trainset, context.seed), self._options.memory)
        memory = [_plain(row) for row in rows]
        program = RetrievedDemos(student.reset_copy(), k=self._options.k, rows=memory)
        score = validation_score(program, valset, context)
        kept = (
            f"{len(rows)} of {len(trainset)} rows kept"
            if len(rows) < len(trainset)
            else (f"{len(rows)} rows kept")
        )
        note = f"{self._options.k} demos retrieved per input, {kept}: {score:.3f} on validation"
        return Compiled(program, self.name, note, score)


def balanced(rows: Sequence[dspy.Example], limit: int) -> list[dspy.Example]:
    """At most `limit` rows, taken in turn from each label so that no label crowds out another."""
    if len(rows) <= limit:
        return list(rows)
    by_label: dict[str, list[dspy.Example]] = defaultdict(list)
    for row in rows:
        by_label[json.dumps(row.labels().toDict(), sort_keys=True, default=str)].append(row)
    kept: list[dspy.Example] = []
    for rank in range(max(map(len, by_label.values()))):
        kept += [group[rank] for _, group in sorted(by_label.items()) if rank < len(group)]
        if len(kept) >= limit:
            break
    return kept[:limit]


def _plain(row: dspy.Example) -> dict[str, Any]:
    content: dict[str, Any] = row.toDict()
    return content
