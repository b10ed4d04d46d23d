"""The markdown of a turn that a person decides by: its data, and its verdict with the evidence."""

from __future__ import annotations

from dspyui_core.datasets import data_report
from dspyui_core.records import Decision, Verdict
from dspyui_core.turn.data_pages import data_link
from dspyui_core.turn.finishing import describe_turn
from dspyui_core.turn.showing import score_table
from dspyui_core.turn.steps import Evaluated, Snapshot, recorded
from dspyui_core.workspace import Workspace

__all__ = ["data_markdown", "decision_markdown", "evidence", "subject_of"]

SUBJECTS = {"candidate": "the candidate", "baseline": "the uncompiled program"}
TITLES: dict[Verdict, str] = {
    "promote": "Promote: {subject} will serve",
    "refuse": "Refuse: {subject} will not serve",
    "inconclusive": "Inconclusive: it is not shown that {subject} is better",
    "ask": "Ask: shall {subject} serve?",
}


def data_markdown(ws: Workspace, turn_id: str) -> str:
    """A turn's data report: rows, splits, what may not pass and why, what the checks found."""
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    dataset = snapshot.dataset
    counts = {
        "rows": dataset.rows,
        "train": dataset.train,
        "validation": dataset.validation,
        "holdout": dataset.holdout,
        "of feedback": dataset.feedback_rows,
        "quarantined": dataset.quarantined,
        "parked": dataset.parked,
    }
    about = f"Data of {turn_id}: {snapshot.verdict}"
    told = data_report(about, counts, snapshot.quarantined, snapshot.problems)
    link = data_link(ws, turn_id)
    return told if link is None else f"{told}\n\n[The whole report, in MLflow]({link})"


def decision_markdown(ws: Workspace, turn_id: str) -> str:
    """The verdict, the scores, every reason, and what the turn took to come to it."""
    decision = recorded(ws, turn_id, "decide", Decision)
    champion = recorded(ws, turn_id, "snapshot", Snapshot).champion
    title = TITLES[decision.verdict].format(subject=SUBJECTS[decision.subject])
    served = "nothing served" if champion is None else f"version {champion} served"
    return f"# {title}\n\nTurn {turn_id}; {served} when it began.\n\n{evidence(ws, turn_id)}\n"


def evidence(ws: Workspace, turn_id: str) -> str:
    """What a decided turn's verdict rests on: the scores, every reason, cost and rows."""
    decision = recorded(ws, turn_id, "decide", Decision)
    reasons = "\n".join(f"- {reason}" for reason in decision.reasons)
    return "\n\n".join((_scores(ws, turn_id), reasons, _cost(ws, turn_id)))


def subject_of(ws: Workspace, turn_id: str) -> str:
    """What a decided turn lets pass, in words."""
    return SUBJECTS[recorded(ws, turn_id, "decide", Decision).subject]


def _scores(ws: Workspace, turn_id: str) -> str:
    compared = recorded(ws, turn_id, "evaluate", Evaluated).comparison
    heads = (
        f"| program | holdout score | {compared.confidence:.0%} interval | failed | ms, median |"
    )
    rows = (
        f"| {row['program']} | {row['holdout score']:.3f} | {row['interval']} "
        f"| {row['failed rows']} of {compared.rows} | {row['ms, median']} |"
        for row in score_table(ws, turn_id)
    )
    return "\n".join((heads, "|---|---|---|---|---|", *rows))


def _cost(ws: Workspace, turn_id: str) -> str:
    """What the turn took so far, and the rows that it learned from and is compared on."""
    so_far = describe_turn(ws.turns.get(turn_id), ws.turns.steps(turn_id), "failed", "")
    usd = "an unknown price" if so_far.lm.usd is None else f"{so_far.lm.usd:.4f} USD"
    data = recorded(ws, turn_id, "snapshot", Snapshot).dataset
    return (
        f"It took {so_far.lm.calls:,} LM calls, {usd} and {so_far.seconds:.0f} s, with "
        f"{data.rows:,} rows: {data.train:,} train, {data.validation:,} validation, "
        f"{data.holdout:,} holdout."
    )
