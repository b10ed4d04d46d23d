"""The data report that a person reads: rows and splits, what may not pass by reason, the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dspyui_core.datasets.reports.masking import cell
from dspyui_core.datasets.reports.report import DatasetReport, Quarantined

_LONGEST = 120
_MEANS = (
    "*Quarantined* rows may not pass; users' ones wait in the inbox. *Parked* is feedback on "
    "holdout inputs, which nothing learns from."
)


def data_report(
    about: str, counts: Mapping[str, int], quarantined: Sequence[Quarantined], details: str
) -> str:
    """Markdown: what is counted by name, the reasons of `quarantined`, then the `details`."""
    heads = " | ".join(counts)
    numbers = " | ".join(f"{number:,}" for number in counts.values())
    parts = [
        f"# {about}",
        f"| {heads} |\n|{'---|' * len(counts)}\n| {numbers} |",
        _MEANS,
        _reasons(quarantined),
        details,
    ]
    return "\n\n".join(part for part in parts if part)


def check_report(report: DatasetReport) -> str:
    """The data report of a dataset check."""
    counts = {
        "rows": report.rows,
        **report.splits,
        "quarantined": report.held_back,
        "left out": report.left_out,
        "parked": report.parked,
    }
    return data_report(f"Data: {report.verdict}", counts, report.quarantined, report.markdown())


def _reasons(quarantined: Sequence[Quarantined]) -> str:
    """A row for each check and column: how many rows, and what the first of them is told."""
    grouped: dict[str, list[Quarantined]] = {}
    for row in quarantined:
        key = f"{row.check or 'contract'} | {cell(row.column)}"
        grouped.setdefault(key, []).append(row)
    if not grouped:
        return ""
    lines = [f"| {key} | {len(found)} | {_told(found[0])} |" for key, found in grouped.items()]
    heads = "| quarantined by | column | rows | the first one |"
    return "\n".join((heads, "|---|---|---|---|", *lines))


def _told(row: Quarantined) -> str:
    told = " ".join(f"{row.reason}; {row.remedy}".split())
    short = told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
    return cell(short)
