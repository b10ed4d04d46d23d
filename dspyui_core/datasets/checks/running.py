"""Which checks run on a dataset: the gate's own in a fixed order, then those a spec adds."""

from __future__ import annotations

from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.extensions import CHECKS
from dspyui_core.spec import GATE_CHECKS, CheckSpec, Choice


def run_checks(dataset: Assigned, spec: CheckSpec) -> tuple[CheckResult, ...]:
    """Every check's result, each listed once: the gate's own, then `spec.extra` in its order.

    Raises SpecError where an extra check is no longer installed.
    """
    gate = (Choice(name=name, options=_own_keys(name, spec)) for name in GATE_CHECKS)
    return tuple(_made(choice).run(dataset) for choice in (*gate, *spec.extra))


def _own_keys(name: str, spec: CheckSpec) -> dict[str, object]:
    """A gate's check is set by the keys of `dataset.checks` that its options have."""
    return {key: getattr(spec, key) for key in CHECKS.get(name).Options.model_fields}


def _made(choice: Choice) -> Check:
    entry: type[Check] = CHECKS.get(choice.name)
    return entry(CHECKS.options(choice.name, choice.options))
