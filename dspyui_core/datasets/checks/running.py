"""Which checks run on a dataset: the gate's own in a fixed order, then those a spec adds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from dspyui_core.datasets.checks.protocol import Check, CheckResult, Examined
from dspyui_core.datasets.doubting import Doubt
from dspyui_core.datasets.shape import Shape
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.extensions import CHECKS
from dspyui_core.spec import GATE_CHECKS, CheckSpec, Choice


@dataclass(frozen=True, slots=True)
class Checked:
    """Every check's result, each listed once, and the labels that a person should look at."""

    results: tuple[CheckResult, ...]
    doubts: tuple[Doubt, ...]


def run_checks(dataset: Assigned, spec: CheckSpec, previous: Shape | None = None) -> Checked:
    """What the gate's own checks see, then those of `spec.extra`, in that order.

    `previous` is the shape of the version before, None for the first one. Raises SpecError where
    an extra check is no longer installed.
    """
    seen = [_examined(check, dataset, previous) for check in chosen_checks(spec)]
    return Checked(
        results=tuple(one.result for one in seen),
        doubts=tuple(doubt for one in seen for doubt in one.doubts),
    )


def chosen_checks(spec: CheckSpec) -> Iterator[Check]:
    """Every check of a dataset, made with its options, in the order of the report."""
    gate = (Choice(name=name, options=_own_keys(name, spec)) for name in GATE_CHECKS)
    return (_made(choice) for choice in (*gate, *spec.extra))


def _examined(check: Check, dataset: Assigned, previous: Shape | None) -> Examined:
    if check.severity == "off":
        return Examined(CheckResult(name=check.name, message="switched off"))
    return check.examine(dataset, previous)


def _own_keys(name: str, spec: CheckSpec) -> dict[str, object]:
    """What a gate's check is told: its section of `dataset.checks`, and the keys it shares."""
    section = getattr(spec, name, None)
    own = dict(section) if isinstance(section, BaseModel) else {}
    shared = CHECKS.get(name).Options.model_fields.keys() & CheckSpec.model_fields.keys()
    return own | {key: getattr(spec, key) for key in shared}


def _made(choice: Choice) -> Check:
    entry: type[Check] = CHECKS.get(choice.name)
    return entry(CHECKS.options(choice.name, choice.options))
