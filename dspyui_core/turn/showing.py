"""What a person sees of a turn: the score table, changed answers, MLflow links, the details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dspyui_core.datasets.reports.report import Quarantined
from dspyui_core.mlflow_tracking import DECISION_PAGE, get_mlflow_ui_url
from dspyui_core.pages import ChangedAnswer
from dspyui_core.records import CandidateRef, DatasetRef, Latency, Record
from dspyui_core.turn.data_pages import data_link
from dspyui_core.turn.releasing import Registered
from dspyui_core.turn.reporting import decision_report
from dspyui_core.turn.steps import Evaluated, Snapshot, recorded
from dspyui_core.workspace import Workspace

__all__ = [
    "TurnDetails",
    "changed_table",
    "page_link",
    "run_link",
    "score_table",
    "turn_details",
    "turn_links",
]

# As many as a person looks at in a table; the decision page has more, the run has all.
MOST_CHANGED = 20


class TurnDetails(Record):
    """What a turn's report leaves out; None or nothing for the steps that it did not reach."""

    dataset: DatasetRef | None = None
    quarantined: tuple[Quarantined, ...] = ()
    candidate: CandidateRef | None = None
    evaluated: Evaluated | None = None


def turn_details(ws: Workspace, turn_id: str) -> TurnDetails:
    """The details of a turn, as far as it came."""
    refs = {name: content["ref"] for name, content in ws.turns.steps(turn_id).items()}
    snapshot = Snapshot.model_validate(refs["snapshot"]) if "snapshot" in refs else None
    return TurnDetails(
        dataset=None if snapshot is None else snapshot.dataset,
        quarantined=() if snapshot is None else snapshot.quarantined,
        candidate=CandidateRef.model_validate(refs["compile"]) if "compile" in refs else None,
        evaluated=Evaluated.model_validate(refs["evaluate"]) if "evaluate" in refs else None,
    )


def score_table(ws: Workspace, turn_id: str) -> list[dict[str, Any]]:
    """A row per program: its mean holdout score (0..1), the interval, its failed rows, time, price.

    What was not measured, for the cache answered or a price is unknown, is empty.
    """
    evaluated = recorded(ws, turn_id, "evaluate", Evaluated)
    return [
        {
            "program": role,
            "holdout score": round(score, 4),
            "interval": _ends(evaluated, role),
            "failed rows": evaluated.failed[role],
            "ms, median": _median(evaluated.latency_ms.get(role)),
            "USD for 1,000": _rounded(evaluated.usd.get(role)),
        }
        for role, score in evaluated.scores.items()
    ]


def changed_table(ws: Workspace, turn_id: str) -> list[dict[str, Any]]:
    """Some changed answers, lost ones first: what was expected and answered, and what was asked.

    A long input comes last, where it pushes nothing out of sight.
    """
    report = decision_report(ws, turn_id)
    opponent = report.comparison.opponent
    return [
        {
            "change": found.change,
            "expected": _cell(found.expected),
            opponent: found.opponent_error or _cell(found.opponent),
            "candidate": found.candidate_error or _cell(found.candidate),
            "input": _cell(found.inputs),
        }
        for found in _some(report.changed)
    ]


def _some(changed: Sequence[ChangedAnswer]) -> Sequence[ChangedAnswer]:
    """As many as fit, and the lost ones do not push out all the others."""
    lost = [found for found in changed if found.change == "lost"]
    others = [found for found in changed if found.change != "lost"]
    room = MOST_CHANGED - min(len(others), MOST_CHANGED // 2)
    shown = lost[:room]
    return [*shown, *others[: MOST_CHANGED - len(shown)]]


def run_link(ws: Workspace, turn_id: str) -> str:
    """Where the turn's run is in MLflow's UI."""
    candidate = recorded(ws, turn_id, "compile", CandidateRef)
    run = ws.client.get_run(candidate.run_id)
    base = ws.settings.mlflow_ui()
    return get_mlflow_ui_url(run.info.experiment_id, run_id=candidate.run_id, base_url=base)


def turn_links(ws: Workspace, turn_id: str) -> dict[str, str]:
    """Where a finished turn's `decision-page` is in MLflow, and, where there is one, its
    `data-page` and the `version` that it made.
    """
    links = {"decision-page": page_link(ws, turn_id)}
    if (data := data_link(ws, turn_id)) is not None:
        links["data-page"] = data
    if ws.turns.step(turn_id, "register") is not None:
        made = recorded(ws, turn_id, "register", Registered)
        links["version"] = get_mlflow_ui_url(
            model_name=ws.turns.get(turn_id).program,
            model_version=made.version,
            base_url=ws.settings.mlflow_ui(),
        )
    return links


def page_link(ws: Workspace, turn_id: str) -> str:
    """Where the decision page of a finished turn is in MLflow's UI; its run where none is there."""
    candidate = recorded(ws, turn_id, "compile", CandidateRef)
    run = run_link(ws, turn_id)
    there = DECISION_PAGE in {file.path for file in ws.client.list_artifacts(candidate.run_id)}
    return f"{run}/artifacts/{DECISION_PAGE}" if there else run


def _cell(values: Mapping[str, Any]) -> str:
    """A field's value alone, or several with their names."""
    if len(values) == 1:
        return str(next(iter(values.values())))
    return "; ".join(f"{name}: {value}" for name, value in values.items())


def _median(found: Latency | None) -> float | str:
    return "" if found is None else round(found.p50, 1)


def _rounded(usd: float | None) -> float | str:
    return "" if usd is None else round(usd, 4)


def _ends(evaluated: Evaluated, role: str) -> str:
    interval = evaluated.intervals.get(role)
    return "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"
