"""The part of a decision page that shows answers: what changed, side by side, and what failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dspyui_core.pages.contents import ChangedAnswer, DecisionReport
from dspyui_core.pages.markup import Html, joined, said, tag
from dspyui_core.pages.tables import Column, table

__all__ = ["changed_answers", "failures"]

_KINDS = {"lost": "bad", "won": "good", "same": "quiet"}


def changed_answers(report: DecisionReport) -> Html:
    """The changed answers that the report holds, and how many there are."""
    opponent = report.comparison.opponent
    words = ("input", "expected", opponent, "candidate")
    columns = [Column("change"), *(Column(name, "words") for name in words)]
    shown, all_of_them = len(report.changed), report.changed_rows
    told = f"{all_of_them} of {report.comparison.rows} rows were answered or scored differently"
    if shown < all_of_them:
        told += f"; the first {shown} are here, the lost ones first"
    return table(columns, [_row(changed) for changed in report.changed], caption=told)


def failures(report: DecisionReport) -> Html:
    """Which errors failed how many rows of which program."""
    columns = [Column("program"), Column("rows", "number"), Column("error")]
    rows = [(found.role, found.rows, said(found.error)) for found in report.failures]
    return table(columns, rows, caption="A failed row counts as 0")


def _row(found: ChangedAnswer) -> list[object]:
    change = tag("span", found.change, class_=_KINDS[found.change])
    # Marks the row for whoever wants to look it up.
    row_id = tag("div", found.row_id[:12], class_="quiet")
    return [
        joined([change, row_id]),
        said(found.inputs),
        said(found.expected),
        _answer(found.opponent, found.opponent_score, found.opponent_error),
        _answer(found.candidate, found.candidate_score, found.candidate_error),
    ]


def _answer(outputs: Mapping[str, Any], score: float | None, error: str) -> Html:
    if score is None:
        return joined([tag("span", "failed: ", class_="bad"), said(error)])
    graded = "" if score in (0.0, 1.0) else tag("div", f"score {score:.3f}", class_="quiet")
    return joined([said(outputs), graded])
