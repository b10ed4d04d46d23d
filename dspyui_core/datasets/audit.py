"""Audited rows: served inputs that were drawn for labelling, with the labels of a reviewer.

They were drawn before anybody saw an answer, so they say how often the program is right; what users
correct does not, because they correct what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dspyui_core.datasets.contract.parsing import Gold
from dspyui_core.datasets.contract.row_contract import RowContract
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import AUDIT, Row


@dataclass(frozen=True, slots=True)
class Audited:
    """A labelled sample; `number` is its place in the inbox."""

    number: int
    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]


def with_audited(gold: Gold, audited: Sequence[Audited]) -> Gold:
    """The gold rows and the labelled samples, which ask for the holdout.

    A sample that does not fit the signature (any more) is quarantined with the reason.
    """
    if not audited:
        return gold
    contract = RowContract(gold.spec)
    rows: list[Row] = []
    findings: list[Finding] = []
    for sample in audited:
        reading = contract.read({**sample.inputs, **sample.labels})
        findings += [
            Finding("contract", replace(problem, row=sample.number), AUDIT)
            for problem in reading.problems
        ]
        if not reading.problems:
            rows.append(_row(gold, sample, reading.values))
    return replace(
        gold,
        rows=(*gold.rows, *rows),
        quarantined=(*gold.quarantined, *findings),
        total=gold.total + len(audited),
    )


def _row(gold: Gold, sample: Audited, values: Mapping[str, Any]) -> Row:
    signature = gold.spec.signature
    return Row.of(
        {field.name: values[field.name] for field in signature.inputs},
        {field.name: values[field.name] for field in signature.outputs},
        "gold",
        source=AUDIT,
        data_row=sample.number,
        split="holdout",
    )
