"""Owns the proof of the example plugin's optimizer."""

from __future__ import annotations

from collections import Counter

import pytest
from example_plugin.optimizer import BalancedDemos

from dspyui_core import programs
from dspyui_core.errors import SpecError
from dspyui_core.lms import EMBEDDED_LM, open_lm, using_lm
from dspyui_core.metrics import create_exact_match_metric
from dspyui_core.optimizers import Compiled, OptimizerContext
from dspyui_core.programs import example_of
from dspyui_core.testing import tiny_rows, tiny_spec

SPEC = tiny_spec()
ROWS = [example_of(row) for row in tiny_rows(36)]


def compiled(*, seed: int = 0) -> Compiled:
    optimizer = BalancedDemos(BalancedDemos.Options(per_label=3))
    context = OptimizerContext(create_exact_match_metric(SPEC.signature.outputs), seed=seed)
    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        return optimizer.compile(
            programs.build(SPEC), trainset=ROWS[:20], valset=ROWS[24:], context=context
        )


def test_every_label_gets_the_same_number_of_demos() -> None:
    (predictor,) = compiled().program.predictors()

    assert set(Counter(demo.topic for demo in predictor.demos).values()) == {3}


def test_the_same_seed_gives_the_same_program_and_another_seed_another() -> None:
    first, again, other = (programs.digest(compiled(seed=n).program, SPEC) for n in (0, 0, 1))

    assert first == again != other


def test_a_program_of_several_predictors_is_refused() -> None:
    program = programs.build(SPEC)
    program.second = program.deepcopy()

    with pytest.raises(SpecError, match="balanced_demos needs a program with one predictor"):
        BalancedDemos(BalancedDemos.Options()).check(program)
