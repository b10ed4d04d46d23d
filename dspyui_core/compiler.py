"""Spec + training and validation rows + optimizer -> candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dspy

from dspyui_core import programs
from dspyui_core.errors import LMError
from dspyui_core.extensions import OPTIMIZERS
from dspyui_core.fields import Field
from dspyui_core.lms import (
    EMBEDDED_LM,
    as_lm_error,
    refuses_everything,
    require_key,
    using_lm,
)
from dspyui_core.metrics import create_metric
from dspyui_core.modules import create_dspy_module
from dspyui_core.optimizers import Optimizer, OptimizerContext
from dspyui_core.own_code import check_forward, output_doubts
from dspyui_core.programs import LabelledRow, example_of
from dspyui_core.records import Record
from dspyui_core.signatures import build_signature
from dspyui_core.spec import ProgramSpec, read_spec

__all__ = ["Candidate", "ProgramCheck", "check_fit", "check_program", "compile_program"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A compiled program and where it comes from; `validation_score` is 0..1."""

    program: dspy.Module
    spec: ProgramSpec
    digest: str
    optimizer: str
    note: str
    validation_score: float | None


class ProgramCheck(Record):
    """What a valid spec asks for.

    `warnings` are doubts about the user's own module; `key` says what to do for the LM's key, where
    it is not in the environment.
    """

    program: str
    signature: str
    module: str
    metric: str
    optimizer: str
    lm: str
    spec_hash: str
    warnings: tuple[str, ...] = ()
    key: str | None = None


def check_program(path: Path, *, workspace: Path | None = None) -> ProgramCheck:
    """Validate a spec file and build its program, metric and optimizer; no LM is called.

    Literals whose values come from the data stand open as texts. Raises SpecError with every
    problem.
    """
    spec = read_spec(path)
    warnings = check_fit(spec, workspace=workspace)
    fields = {kind: _typed(getattr(spec.signature, kind)) for kind in ("inputs", "outputs")}
    return ProgramCheck(
        program=spec.name,
        signature=f"{fields['inputs']} -> {fields['outputs']}",
        module=spec.module.name,
        metric=spec.metric.name,
        optimizer=spec.optimizer.name,
        lm=spec.lm.name,
        spec_hash=spec.identity(),
        warnings=warnings,
        key=next(filter(None, (_missing_key(lm.name) for lm in spec.lms)), None),
    )


def check_fit(spec: ProgramSpec, *, workspace: Path | None = None) -> tuple[str, ...]:
    """Whether program, metric and optimizer can be made and fit each other; doubts are returned.

    Raises SpecError where they do not; no LM is called.
    """
    signature = build_signature(spec.signature)
    program = create_dspy_module(spec.module, signature, workspace=workspace)
    check_forward(spec.module.name, program, [field.name for field in spec.signature.inputs])
    create_metric(spec.metric, spec.signature.outputs, workspace=workspace)
    _optimizer(spec).check(program)
    doubts = output_doubts(spec.module.name, program, spec.signature.outputs)
    return (*doubts, *_judge_doubts(spec))


def compile_program(
    spec: ProgramSpec,
    train: Sequence[LabelledRow],
    validation: Sequence[LabelledRow],
    *,
    lm: dspy.LM,
    judge: dspy.LM | None = None,
    workspace: Path | None = None,
    threads: int = 1,
    on_progress: Callable[[str], None] = lambda message: None,
) -> Candidate:
    """Compile the spec's program with its optimizer; the holdout is no argument of it.

    `judge` is the LM of a metric that asks one.

    The same spec (with its seed), rows and LM give the same candidate on any machine.
    Raises SpecError or ProgramError where the optimizer does not fit the program.
    """
    context = OptimizerContext(
        metric=create_metric(spec.metric, spec.signature.outputs, workspace=workspace, judge=judge),
        seed=spec.seed,
        threads=threads,
        on_progress=on_progress,
    )
    student = programs.build(spec, workspace=workspace)
    with using_lm(lm):
        if spec.lm.name != EMBEDDED_LM:
            _ask_once(student, train)
        compiled = _optimizer(spec).compile(
            student,
            trainset=[example_of(row) for row in train],
            valset=[example_of(row) for row in validation],
            context=context,
        )
    return Candidate(
        program=compiled.program,
        spec=spec,
        digest=programs.digest(compiled.program, spec),
        optimizer=compiled.optimizer,
        note=compiled.note,
        validation_score=compiled.validation_score,
    )


def _ask_once(student: dspy.Module, rows: Sequence[LabelledRow]) -> None:
    """Raise LMError where the LM answers nobody; hundreds of retries would only say it later."""
    for row in rows[:1]:
        try:
            student(**row.inputs)
        except Exception as error:  # noqa: BLE001 - any other failure is the row's own, told later
            if refuses_everything(error):
                told = as_lm_error(error)
                hint = f"{told.hint}; then run the same command again"
                raise LMError(told.message, hint=hint) from None


def _judge_doubts(spec: ProgramSpec) -> tuple[str, ...]:
    if not spec.asks_judge:
        return ()
    if spec.judge.name == EMBEDDED_LM:
        return (f"the judge is {EMBEDDED_LM}, which cannot judge: name an LM with judge:",)
    # Panickssery et al. 2024: LMs favour what they wrote themselves.
    own = "the judge is the LM that answers, and LMs favour their own answers: name another"
    return (own,) if spec.judge.name == spec.lm.name else ()


def _missing_key(lm: str) -> str | None:
    try:
        require_key(lm)
    except LMError as error:
        return str(error)
    return None


def _typed(fields: Sequence[Field]) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in fields)


def _optimizer(spec: ProgramSpec) -> Optimizer:
    entry = OPTIMIZERS.get(spec.optimizer.name)
    made: Optimizer = entry(OPTIMIZERS.options(spec.optimizer.name, spec.optimizer.options))
    return made
