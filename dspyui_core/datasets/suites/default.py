"""The suite that judges a program's data where nobody wrote one."""

from __future__ import annotations

from typing import Final

from dspyui_core.datasets.suites.suite import Expectation, Importance, Suite
from dspyui_core.spec import CheckSpec

_MOST: Final = "expect_column_max_to_be_between"
_LEAST: Final = "expect_column_min_to_be_between"
# Column, most of it, and what follows beyond: the gate refuses rows, these look at the whole.
_LIMITS: Final[tuple[tuple[str, float, Importance, str], ...]] = (
    ("quarantined_share", 0.5, "critical", "Half of the file refused is a wrong file or spec."),
    ("quarantined_share", 0.1, "warning", "Look at the reasons: a column may have moved."),
    ("leakage_share", 0.1, "warning", "Many rows stand between splits; the source repeats them."),
    ("exact_duplicates_share", 0.25, "warning", "An export may be in the file twice."),
    ("near_duplicates_share", 0.8, "info", "Templates: fewer different inputs than rows."),
    ("label_conflicts_share", 0.05, "warning", "The labelling rule is not clear to everybody."),
    ("label_noise_share", 0.1, "warning", "Many labels look wrong; review a few of them."),
    ("personal_data_share", 0.25, "info", "Whose data is it, and may it be learned from?"),
    ("injected_instructions_share", 0.02, "warning", "Somebody may be trying something."),
    ("label_stability", 0.5, "warning", "The labels are not those of the version before."),
    ("length_gap", 0.3, "warning", "The texts are much longer or shorter than before."),
    ("burst_share", 0.1, "warning", "Much feedback came in one burst."),
    ("parked_share", 0.3, "warning", "Users ask holdout inputs; renew the holdout by samples."),
)


def default_suite(program: str, spec: CheckSpec) -> Suite:
    """The suite of a program with these checks; `dspyui dataset suite --write` writes it."""
    least = (
        _least("train", spec.minimum_train, "critical", "Too few rows to learn from."),
        _least("holdout", spec.minimum_holdout, "critical", "Too few rows to compare on."),
        _least("smallest_class", spec.minimum_per_class, "warning", "A label with too few rows."),
    )
    most = (
        Expectation(
            type=_MOST,
            kwargs={"column": column, "max_value": limit},
            severity=severity,
            notes=why,
        )
        for column, limit, severity, why in _LIMITS
    )
    return Suite(name=program, expectations=(*least, *most))


def _least(column: str, limit: int, severity: Importance, why: str) -> Expectation:
    kwargs = {"column": column, "min_value": limit}
    return Expectation(type=_LEAST, kwargs=kwargs, severity=severity, notes=why)
