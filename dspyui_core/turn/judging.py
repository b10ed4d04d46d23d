"""Judging the judge: what it says of answers that people rated, and how far both agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import dspy

from dspyui_core.comparison.agreement import Agreement, judge_agreement, trusted
from dspyui_core.errors import LMError, SpecError
from dspyui_core.feedback import RatedAnswer, rated_answers
from dspyui_core.lms import in_threads
from dspyui_core.metrics import Judgement, LlmJudge
from dspyui_core.records import Record, TurnLM
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn.metric import metric_of
from dspyui_core.turn.steps import Progress, silent
from dspyui_core.workspace import Workspace

__all__ = ["MOST_RATED", "Disagreement", "JudgeReport", "distrust", "judge_the_judge"]

# The interval of kappa is then about 0.14 wide on either side, and a judge's bill stays small.
MOST_RATED = 200
SHOWN = 20


class Disagreement(Record):
    """A rated answer of which the judge and people say opposite things."""

    trace_id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    people_good: bool
    score: float
    reason: str


class JudgeReport(Record):
    """A program's judge against the people who rated its answers, and whether it may decide."""

    program: str
    judge: str
    agreement: Agreement
    trusted: bool
    reason: str
    disputed: int
    failed: int
    disagreements: tuple[Disagreement, ...]
    lm: TurnLM


def judge_the_judge(
    ws: Workspace,
    spec: ProgramSpec,
    *,
    limit: int = MOST_RATED,
    upto: int | None = None,
    on_progress: Progress = silent,
) -> JudgeReport:
    """Let the spec's judge score the `limit` answers that were rated last, against the ratings.

    Ratings after the journal position `upto` do not count; by default all do. The judge sees an
    answer as its user did, without a reference: a correction would tell it what the user thinks.
    Nothing is recorded. Raises SpecError where the metric is no llm_judge, LMError where the judge
    answers nothing at all.
    """
    judge = _judge_of(ws, spec)
    rated = rated_answers(ws.journal, spec.name, limit=limit, upto=upto)
    on_progress(f"{spec.judge.name} judges {len(rated.answers)} rated answers")
    said = _judged(judge, rated.answers, threads=ws.settings.lm.threads)
    both = [(a, s) for a, s in zip(rated.answers, said, strict=True) if isinstance(s, Judgement)]
    agreement = judge_agreement([s.score for _, s in both], [a.good for a, _ in both])
    is_trusted, reason = trusted(agreement, spec.promotion.minimum_kappa)
    return JudgeReport(
        program=spec.name,
        judge=spec.judge.name,
        agreement=agreement,
        trusted=is_trusted,
        reason=reason,
        disputed=rated.disputed,
        failed=len(said) - len(both),
        disagreements=tuple(_apart(a, s) for a, s in both if s.is_good != a.good)[:SHOWN],
        lm=TurnLM(calls=judge.usage.calls, usd=judge.usage.usd),
    )


def distrust(ws: Workspace, spec: ProgramSpec, *, upto: int | None = None) -> str:
    """Why the judge that scores may not decide; empty where it may, and where none is asked.

    Only ratings up to a journal position count. Raises LMError where the judge answers nothing.
    """
    if not spec.asks_judge:
        return ""
    found = judge_the_judge(ws, spec, upto=upto)
    return "" if found.trusted else found.reason


def _judge_of(ws: Workspace, spec: ProgramSpec) -> LlmJudge:
    metric = metric_of(ws, spec)
    if not isinstance(metric, LlmJudge):
        raise SpecError(
            f"the metric {spec.metric.name} of {spec.name!r} asks no judge",
            hint="write metric: llm_judge, and judge: with the name of an LM",
        )
    return metric


def _judged(
    judge: LlmJudge, answers: Sequence[RatedAnswer], *, threads: int
) -> list[Judgement | LMError]:
    """What the judge says of each answer, or why it said nothing."""
    said = list(in_threads(partial(_say, judge), answers, threads=threads))
    first = next((one for one in said if isinstance(one, LMError)), None)
    if first is not None and not any(isinstance(one, Judgement) for one in said):
        raise first
    return said


def _say(judge: LlmJudge, answer: RatedAnswer) -> Judgement | LMError:
    example = dspy.Example(**answer.inputs).with_inputs(*answer.inputs)
    try:
        return judge.judge(example, dspy.Prediction(**answer.outputs))
    except LMError as error:
        return error


def _apart(answer: RatedAnswer, said: Judgement) -> Disagreement:
    return Disagreement(
        trace_id=answer.trace_id,
        inputs=answer.inputs,
        outputs=answer.outputs,
        people_good=answer.good,
        score=said.score,
        reason=said.reason,
    )
