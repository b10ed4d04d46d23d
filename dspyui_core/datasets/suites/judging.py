"""Judging a profile with Great Expectations: a checkpoint that reads and writes nothing else."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from dspyui_core.datasets.checks.protocol import CheckResult, Severity
from dspyui_core.datasets.reports.report import DatasetReport
from dspyui_core.datasets.suites.kinds import KINDS, columns_in
from dspyui_core.datasets.suites.profile import Profile
from dspyui_core.datasets.suites.suite import Expectation, Importance, Suite
from dspyui_core.records import Record

NAME: Final = "expectations"
# Read when the package is imported: it reports its use to a server unless it is told not to.
_SILENT: Final = "GX_ANALYTICS_ENABLED"


class Held(Record):
    """One expectation of a suite: `observed` is what the profile has, None where nothing is.

    `held` is None where the column was not measured, which breaks no expectation.
    """

    column: str
    observed: int | float | None
    expected: str
    severity: Importance
    held: bool | None


class Judged(Record):
    """What a suite says of a profile; `result` is Great Expectations' own, as plain JSON."""

    expectations: tuple[Held, ...]
    result: Mapping[str, Any]

    @property
    def broken(self) -> tuple[Held, ...]:
        """The expectations that do not hold."""
        return tuple(one for one in self.expectations if one.held is False)


def judge(suite: Suite, profile: Profile) -> Judged:
    """Run a suite as a checkpoint over the one row of a profile.

    Importing Great Expectations takes seconds of CPU, so it is done here. The suite is one that
    `read_suite` took, whose columns the profile has.
    """
    measured = [_is_measured(one, profile) for one in suite.expectations]
    judged = [one for one, known in zip(suite.expectations, measured, strict=True) if known]
    result = _checkpoint(suite.name, judged, profile) if judged else _NOTHING
    # Results come in an order of their own.
    by_number = {one["expectation_config"]["meta"][_NUMBER]: one for one in result["results"]}
    outcomes = (bool(by_number[number]["success"]) for number in range(len(judged)))
    told = (
        _held(one, profile, next(outcomes) if known else None)
        for one, known in zip(suite.expectations, measured, strict=True)
    )
    return Judged(expectations=tuple(told), result=result)


def with_verdict(report: DatasetReport, judged: Judged) -> DatasetReport:
    """The report with the suite as its last check: a broken critical expectation blocks it."""
    return report.model_copy(
        update={
            "checks": (*report.checks, _result(judged)),
            "verdict": _verdict(report.verdict, judged),
            "suite": judged.result,
        }
    )


# What a broken expectation does to the dataset, the worst first.
_FOLLOWS: Final[Mapping[str, Severity]] = {"critical": "block", "warning": "warn"}
# The key under which a result says which expectation it is of.
_NUMBER: Final = "dspyui_number"
_NOTHING: Final[Mapping[str, Any]] = {"success": True, "results": []}


def _is_measured(one: Expectation, profile: Profile) -> bool:
    # Great Expectations fails what compares a missing value, and a first version has some.
    known = all(profile.get(column) is not None for column in columns_in(one.type, one.kwargs))
    return known or not KINDS[one.type].measured_only


def _held(one: Expectation, profile: Profile, held: bool | None) -> Held:
    return Held(
        column=one.column,
        observed=profile.get(one.column),
        expected=one.expected,
        severity=one.severity,
        held=held,
    )


def _checkpoint(name: str, expectations: Sequence[Expectation], profile: Profile) -> dict[str, Any]:
    with _quiet() as gx:
        import pandas as pd

        context = gx.get_context(mode="ephemeral")
        _without_bars(context)
        asset = context.data_sources.add_pandas("profile").add_dataframe_asset("profile")
        made = [_made(number, one) for number, one in enumerate(expectations)]
        suite = gx.ExpectationSuite(name=name, expectations=made)
        validation = gx.ValidationDefinition(
            name="profile",
            data=asset.add_batch_definition_whole_dataframe("profile"),
            suite=context.suites.add(suite),
        )
        checkpoint = gx.Checkpoint(
            name="gate",
            validation_definitions=[context.validation_definitions.add(validation)],
            result_format="BASIC",
        )
        # A missing number is NaN to it; None would make a column of objects.
        row = {key: float("nan") if value is None else value for key, value in profile.items()}
        frame = pd.DataFrame([row])
        ran = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
        (result,) = ran.run_results.values()
        return _plain(result.to_json_dict())


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    """The result without NumPy's numbers, which its own page cannot show, and without NaN."""
    found: dict[str, Any] = json.loads(json.dumps(result), parse_constant=lambda _: None)
    return found


def _made(number: int, one: Expectation) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(
        type=one.type,
        kwargs=dict(one.kwargs),
        severity=one.severity,
        notes=list(one.notes) if isinstance(one.notes, tuple) else one.notes,
        meta={**(one.meta or {}), _NUMBER: number},
    ).to_domain_obj()


@contextmanager
def _quiet() -> Iterator[Any]:
    """Great Expectations, which neither reports its use nor says what it does."""
    os.environ[_SILENT] = "false"
    import great_expectations

    log = logging.getLogger("great_expectations")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield great_expectations
    finally:
        log.setLevel(before)


def _without_bars(context: Any) -> None:
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context.variables.progress_bars = ProgressBarsConfig(globally=False)


def _result(judged: Judged) -> CheckResult:
    broken = judged.broken
    if not broken:
        return CheckResult(name=NAME, message=_unmeasured(judged))
    severities = {one.severity for one in broken}
    return CheckResult(
        name=NAME,
        severity=next((_FOLLOWS[one] for one in _FOLLOWS if one in severities), "pass"),
        count=len(broken),
        message="; ".join(map(_told, broken)),
    )


def _told(one: Held) -> str:
    observed = "not measured" if one.observed is None else f"{one.observed:g}"
    return f"{one.column} is {observed}, expected {one.expected} ({one.severity})"


def _unmeasured(judged: Judged) -> str:
    columns = dict.fromkeys(one.column for one in judged.expectations if one.held is None)
    return f"not measured: {', '.join(columns)}" if columns else ""


def _verdict(before: str, judged: Judged) -> str:
    severities = {one.severity for one in judged.broken}
    if before == "blocked" or "critical" in severities:
        return "blocked"
    return "warn" if "warning" in severities else before
