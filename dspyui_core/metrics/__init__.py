"""Metrics: `(example, prediction, trace=None)` -> a score from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dspyui_core.extensions import METRICS
from dspyui_core.fields import Field
from dspyui_core.metrics.exact import ExactMatch
from dspyui_core.metrics.judge import Judgement, LlmJudge
from dspyui_core.metrics.similarity import Similarity
from dspyui_core.own_code import check_options, import_python
from dspyui_core.spec import Choice

if TYPE_CHECKING:
    import dspy

__all__ = [
    "Judgement",
    "LlmJudge",
    "Metric",
    "create_cosine_similarity_metric",
    "create_exact_match_metric",
    "create_llm_judge_metric",
    "create_metric",
]

Metric = Callable[..., float | bool]


def create_metric(
    choice: Choice,
    outputs: Sequence[Field],
    *,
    workspace: Path | None = None,
    judge: dspy.LM | None = None,
) -> Metric:
    """The metric a spec names, ready to be called; `judge` is the LM of one that asks one.

    A `python:` metric is a function `(example, prediction, trace=None)`; options become keywords.
    Raises SpecError where the name, an option or the function is wrong.
    """
    if not choice.is_python:
        entry = METRICS.get(choice.name)
        asked = {"judge": judge} if getattr(entry, "asks_judge", False) else {}
        built: Metric = entry(METRICS.options(choice.name, choice.options), outputs, **asked)
        return built
    function = import_python(choice.target, workspace=workspace)
    # Options come after a trace; without them a metric may do without one.
    check_options(function, choice, *[None] * (3 if choice.options else 2))
    return _with_options(function, dict(choice.options))


def create_exact_match_metric(
    outputs: Sequence[Field], *, fields: tuple[str, ...] | None = None
) -> Metric:
    """1 where every compared output equals its label after normalising, otherwise 0."""
    return ExactMatch(ExactMatch.Options(fields=fields), outputs)


def create_cosine_similarity_metric(
    outputs: Sequence[Field], *, fields: tuple[str, ...] | None = None
) -> Metric:
    """The mean cosine similarity of outputs and labels over word and character n-grams."""
    return Similarity(Similarity.Options(fields=fields), outputs)


def create_llm_judge_metric(
    outputs: Sequence[Field],
    judge: dspy.LM,
    *,
    fields: tuple[str, ...] | None = None,
    instructions: str = "",
    samples: int = 1,
) -> LlmJudge:
    """What the LM `judge` makes of an answer, by its labels or by the rubric `instructions`: 0..1.

    `samples` is odd, and the number of votes of which the majority decides.
    """
    options = LlmJudge.Options(fields=fields, instructions=instructions, samples=samples)
    return LlmJudge(options, outputs, judge)


def _with_options(function: Callable[..., Any], options: dict[str, Any]) -> Metric:
    if not options:
        return function

    def metric(example: Any, prediction: Any, trace: Any = None) -> Any:
        return function(example, prediction, trace, **options)

    return metric
