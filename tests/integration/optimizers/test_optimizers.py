"""Optimizers: which rows become demos, what is kept, and what they never touch."""

from __future__ import annotations

import functools
import math
from collections import Counter
from typing import Any

import dspy
import pytest
from dspy import lm15
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core import programs
from dspyui_core.errors import LMError, ProgramError, SpecError
from dspyui_core.extensions import OPTIMIZERS
from dspyui_core.lms import EMBEDDED_LM, open_lm, using_lm
from dspyui_core.metrics import create_exact_match_metric
from dspyui_core.modules import RetrievedDemos
from dspyui_core.optimizers import Compiled, OptimizerContext
from dspyui_core.optimizers.knn import balanced
from dspyui_core.optimizers.protocol import sample, shuffled, validation_score
from dspyui_core.programs import example_of
from dspyui_core.testing import ScriptedLM, tiny_rows, tiny_spec

SPEC = tiny_spec()
EXACT = create_exact_match_metric(SPEC.signature.outputs)
EXAMPLES = [example_of(row) for row in tiny_rows(33)]
TRAIN, VALIDATION = EXAMPLES[:24], EXAMPLES[24:33]
QUICK: dict[str, dict[str, Any]] = {
    "random_search": {"candidates": 1, "labeled_demos": 12, "bootstrapped_demos": 1},
    "knn_few_shot": {"k": 3},
    "labeled_few_shot": {"k": 20},
}
QUICK["auto"] = {name: QUICK[name] for name in ("random_search", "knn_few_shot")}


def compiled(
    name: str, *, seed: int = 0, module: str = "predict", student: Any = None, **options: Any
) -> Compiled:
    optimizer = OPTIMIZERS.get(name)(OPTIMIZERS.options(name, options or QUICK[name]))
    program = student or programs.build(tiny_spec(module=module))
    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        return optimizer.compile(
            program,
            trainset=TRAIN,
            valset=VALIDATION,
            context=OptimizerContext(EXACT, seed=seed, threads=2),
        )


@functools.cache
def usual(name: str) -> Compiled:
    return compiled(name)


def digest(result: Compiled) -> str:
    return programs.digest(result.program, SPEC)


@pytest.mark.parametrize("name", list(QUICK))
def test_every_optimizer_beats_the_uncompiled_program(name: str) -> None:
    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        baseline = validation_score(programs.build(SPEC), VALIDATION, OptimizerContext(EXACT))

    result = usual(name)

    assert result.validation_score is not None
    assert result.validation_score > baseline + 0.2


@pytest.mark.parametrize("name", ["random_search", "knn_few_shot", "labeled_few_shot"])
def test_the_same_seed_gives_the_same_program_and_leaves_the_student_as_it_was(name: str) -> None:
    student = programs.build(SPEC)
    before = programs.digest(student, SPEC)

    result = compiled(name, student=student)

    assert digest(result) == digest(usual(name))
    assert programs.digest(student, SPEC) == before


def test_another_seed_draws_other_demos() -> None:
    assert digest(usual("labeled_few_shot")) != digest(compiled("labeled_few_shot", seed=1))


@pytest.mark.parametrize("name", list(QUICK))
def test_demos_come_from_the_training_rows_only(name: str) -> None:
    program = usual(name).program

    rows = program.memory.rows if isinstance(program, RetrievedDemos) else []
    demos = [demo.toDict() for predictor in program.predictors() for demo in predictor.demos]
    asked = {row["text"] for row in [*rows, *demos]}
    assert asked
    assert asked <= {example.text for example in TRAIN}


def test_random_search_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    compiled("random_search", candidates=1, labeled_demos=2, bootstrapped_demos=1)

    assert capfd.readouterr().out == ""


def test_auto_keeps_the_better_on_validation_and_says_why() -> None:
    result = usual("auto")

    parts = {name: usual(name) for name in ("knn_few_shot", "random_search")}
    best = max(parts.values(), key=lambda part: part.validation_score or 0)
    other = next(part for part in parts.values() if part is not best)
    assert (result.optimizer, result.validation_score) == (best.optimizer, best.validation_score)
    assert result.note == f"{best.note}; better than {other.optimizer} ({other.note})"


class Pair(dspy.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = (programs.build(SPEC) for _ in range(2))

    def forward(self, text: str) -> dspy.Prediction:
        self.first(text=text)
        return self.second(text=text)


def test_auto_leaves_out_what_does_not_fit_two_predictors() -> None:
    result = compiled("auto", student=Pair())

    assert result.optimizer == "random_search"
    assert "knn_few_shot needs a program with one predictor" in result.note


def test_knn_refuses_two_predictors_before_it_spends_anything() -> None:
    lm = ScriptedLM()
    optimizer = OPTIMIZERS.get("knn_few_shot")(OPTIMIZERS.options("knn_few_shot", {}))

    with using_lm(lm), pytest.raises(SpecError, match="this one has 2"):
        optimizer.compile(
            Pair(), trainset=TRAIN, valset=VALIDATION, context=OptimizerContext(EXACT)
        )

    assert lm.heard == []


def test_knn_says_how_many_rows_it_remembers() -> None:
    assert "24 rows kept" in usual("knn_few_shot").note
    assert "9 of 24 rows kept" in compiled("knn_few_shot", k=2, memory=9).note


labels = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60)


def of_label(label: str, number: int) -> dspy.Example:
    return dspy.Example(text=f"{label} {number}", topic=label).with_inputs("text")


@given(labels, st.integers(1, 70))
@settings(max_examples=50, deadline=None)
def test_a_balanced_choice_is_full_drops_no_label_and_takes_from_the_largest(
    labels: list[str], limit: int
) -> None:
    rows = [of_label(label, number) for number, label in enumerate(labels)]

    kept = balanced(rows, limit)

    there, left = Counter(labels), Counter(row.topic for row in kept)
    assert len(kept) == min(limit, len(rows))
    assert len({row.text for row in kept}) == len(kept)
    if limit >= len(there):
        assert set(left) == set(there)
    share = max(left.values())
    assert all(left[label] >= min(there[label], share - 1) for label in left)


@given(st.integers(0, 40), st.integers(1, 50), st.integers())
@settings(max_examples=30, deadline=None)
def test_a_sample_keeps_the_order_and_a_shuffle_keeps_the_rows(
    count: int, limit: int, seed: int
) -> None:
    rows = [of_label("a", number) for number in range(count)]

    drawn, mixed = sample(rows, limit, seed), shuffled(rows, seed)

    places = [rows.index(row) for row in drawn]
    assert (len(drawn), places) == (min(limit, count), sorted(set(places)))
    assert sorted(row.text for row in mixed) == sorted(row.text for row in rows)
    assert mixed == shuffled(rows, seed)


def test_a_validation_row_that_fails_counts_as_wrong() -> None:
    broken, told = VALIDATION[0].text, {example.text: example.topic for example in VALIDATION}
    lm = ScriptedLM(rule=lambda q: lm15.TimeoutError("slow") if q == broken else {"topic": told[q]})

    said: list[str] = []
    context = OptimizerContext(EXACT, on_progress=said.append)

    with using_lm(lm):
        score = validation_score(programs.build(SPEC), VALIDATION, context)

    assert score == pytest.approx(1 - 1 / len(VALIDATION))
    assert "1 of 9 validation rows failed and count as 0; the first: LM" in said[0]


def test_an_lm_that_is_away_fails_the_compile_instead_of_scoring_zero() -> None:
    lm = ScriptedLM(rule=lambda question: lm15.TimeoutError("slow"))

    with using_lm(lm), pytest.raises(LMError, match="every one of 9 validation rows") as caught:
        validation_score(programs.build(SPEC), VALIDATION, OptimizerContext(EXACT))

    assert "the first: LM 'scripted/lm' did not answer in time" in caught.value.message
    assert "raise the timeout" in caught.value.hint


def test_a_metric_that_always_raises_is_named_and_not_tried_again() -> None:
    lm = ScriptedLM(rule=lambda question: {"topic": "billing"})
    context = OptimizerContext(lambda example, prediction, trace=None: 1 / 0)

    with using_lm(lm), pytest.raises(ProgramError, match="every one of 9 validation") as caught:
        validation_score(programs.build(SPEC), VALIDATION, context)

    assert "the first: the metric raised ZeroDivisionError" in caught.value.message
    assert not caught.value.retryable


def test_a_metric_may_give_shares() -> None:
    lm = ScriptedLM(rule=lambda question: {"topic": "billing"})
    context = OptimizerContext(lambda example, prediction, trace=None: 0.25)

    with using_lm(lm):
        score = validation_score(programs.build(SPEC), VALIDATION, context)

    assert math.isclose(score, 0.25)
