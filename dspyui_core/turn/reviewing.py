"""The inbox in a workspace: what a turn leaves for people, and what their decisions do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dspyui_core.datasets.reports.report import DOUBTED
from dspyui_core.errors import FeedbackError, InputError
from dspyui_core.feedback import LONGEST_COMMENT
from dspyui_core.records import Record, Turn
from dspyui_core.review import (
    REVIEWED,
    Inbox,
    ReviewItem,
    await_approval,
    checked_labels,
    follow,
    row_contents,
)
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import NewFeedback
from dspyui_core.turn.steps import QUARANTINED_KEPT, Snapshot
from dspyui_core.workspace import Workspace

__all__ = [
    "PlannedReview",
    "accept_item",
    "collect",
    "collect_rows",
    "plan_accept",
    "plan_reject",
    "program_spec",
    "reject_item",
    "reviewer_word",
    "with_answer",
]

_RECENT_TURNS = 100


class PlannedReview(Record):
    """What deciding an item would do, in words; `answer` are the labels it would be given."""

    seq: int
    program: str
    kind: str
    does: str
    answer: Mapping[str, Any] | None = None


def collect(ws: Workspace, turn_id: str, report: Turn) -> None:
    """Put into the inbox what a turn that ends leaves for people. Repeating it changes nothing."""
    collect_rows(ws, turn_id)
    inbox = Inbox(ws.engine)
    if report.outcome == "awaiting-approval" and report.model_version is not None:
        reasons = () if report.decision is None else report.decision.reasons
        content = {"scores": report.scores.model_dump(), "reasons": list(reasons)}
        await_approval(inbox, report.program, report.model_version, turn_id, content)
        return
    for entry in ws.releases.ledger.history(report.program):
        if entry.turn_id == turn_id:
            follow(inbox, entry)


def collect_rows(ws: Workspace, turn_id: str) -> tuple[ReviewItem, ...]:
    """Open an item for each row that the turn quarantined, or whose label it doubts.

    Returns those opened just now. Open items whose row passes by now are withdrawn.
    """
    done = ws.turns.step(turn_id, "snapshot")
    if done is None:
        return ()
    snapshot = Snapshot.model_validate(done["ref"])
    doubts = () if snapshot.report is None else snapshot.report.doubts
    found = (*snapshot.quarantined, *(doubt.as_problem() for doubt in doubts))
    traces = [row.trace_id for row in found if row.trace_id is not None]
    contents = row_contents(
        found, ws.journal.find_predictions(traces), ws.journal.feedback_on(traces)
    )
    inbox, program = Inbox(ws.engine), ws.turns.get(turn_id).program
    opened = inbox.open_items(program, "row", contents)
    worst = snapshot.spec.dataset.checks.label_noise.worst
    if len(snapshot.quarantined) < QUARANTINED_KEPT and len(doubts) < worst:
        # Of more than that, the turn does not know which rows pass.
        inbox.withdraw(program, "row", keep=contents.keys(), comment=f"it passes in {turn_id}")
    return opened


def program_spec(ws: Workspace, program: str) -> ProgramSpec:
    """The spec that a program's newest turn used, its literals frozen; InputError without one."""
    for row in ws.turns.history(program, limit=_RECENT_TURNS):
        done = ws.turns.step(row.turn_id, "snapshot")
        if done is not None:
            return Snapshot.model_validate(done["ref"]).spec
    raise InputError(
        f"{program!r} has had no turn yet, so nobody knows its outputs and its splits",
        hint=f"take one: dspyui run data-flywheel --program programs/{program}.yaml",
    )


def with_answer(ws: Workspace, item: ReviewItem) -> ReviewItem:
    """The item with what the program answered there, as far as the journal has it."""
    answer = ws.journal.find_prediction(item.content.get("trace_id") or "")
    outputs = None if answer is None else answer.payload.get("outputs")
    return item.model_copy(update={"content": {**item.content, "answered": outputs}})


def plan_accept(
    ws: Workspace, seq: int, *, labels: Mapping[str, Any] | None = None, reason: str = ""
) -> PlannedReview:
    """What `accept_item` would do. Raises what it raises; nothing is written."""
    item = Inbox(ws.engine).open_one(seq)
    answer = None
    if item.kind in ("row", "sample") and not (_is_doubt(item) and _is_in_file(item)):
        answer = _labels(ws, item, labels or {})
    elif labels and item.kind == "row":
        _refuse_what_stays_quarantined(item)
    elif labels:
        raise InputError(f"item {seq} is a {item.kind}, which takes no labels")
    if item.kind == "promotion" and not reason.strip():
        raise InputError(
            f"item {seq} lets version {item.content['version']} serve, and nothing says why",
            hint="say it with --reason: the ledger keeps it",
        )
    if len(reason) > LONGEST_COMMENT:
        raise InputError(f"the reason is longer than {LONGEST_COMMENT} characters")
    does = _KEPT if item.kind == "row" and answer is None else _ACCEPTED[item.kind]
    return _planned(item, does, answer)


def accept_item(
    ws: Workspace,
    seq: int,
    *,
    labels: Mapping[str, Any] | None = None,
    reason: str = "",
    actor: str | None = None,
) -> ReviewItem:
    """Accept an open item, durably.

    A row that users said becomes a reviewer's word in the journal, which the next turn takes as
    confirmed; its labels are what all users agree on there, but for those given. A row of a file
    whose label was doubted keeps it. A sample gets the labels given, a promotion is promoted, a
    rollback was seen. Raises NotFoundError, ConflictError
    where it is decided already, InputError where it cannot be accepted, with every problem.
    """
    who = actor or ws.settings.user
    plan = plan_accept(ws, seq, labels=labels, reason=reason)
    inbox = Inbox(ws.engine)
    item = inbox.get(seq)
    if item.kind == "promotion":
        version = int(item.content["version"])
        if ws.releases.champion(item.program) != version:
            follow(inbox, ws.releases.promote(item.program, version, reason=reason, actor=who))
        inbox.close(seq, "accepted", actor=who, comment=reason)
        return inbox.get(seq)
    if item.kind == "row" and plan.answer is not None:
        ws.journal.append([reviewer_word(item, plan.answer, reason, who)])
    return inbox.decide(seq, "accepted", actor=who, comment=reason, answer=plan.answer)


def plan_reject(ws: Workspace, seq: int) -> PlannedReview:
    """What `reject_item` would do. Raises what it raises; nothing is written."""
    item = Inbox(ws.engine).open_one(seq)
    if item.kind == "rollback":
        raise InputError(
            f"item {seq} is a rollback, which has happened",
            hint=f"accept it as seen; to undo it: dspyui model promote {item.program} VERSION",
        )
    return _planned(item, _KEPT if _is_doubt(item) else _REJECTED[item.kind], None)


def reject_item(ws: Workspace, seq: int, *, reason: str, actor: str | None = None) -> ReviewItem:
    """Reject an open item, durably: the row or sample is not used, the promotion is refused.

    Raises NotFoundError, ConflictError where it is decided already, InputError for a rollback.
    """
    who = actor or ws.settings.user
    plan_reject(ws, seq)
    inbox = Inbox(ws.engine)
    item = inbox.get(seq)
    if item.kind != "promotion":
        return inbox.decide(seq, "rejected", actor=who, comment=reason)
    version = int(item.content["version"])
    follow(inbox, ws.releases.refuse(item.program, version, reason=reason, actor=who))
    return inbox.get(seq)


def reviewer_word(
    item: ReviewItem, labels: Mapping[str, Any], comment: str | None, actor: str
) -> NewFeedback:
    """A reviewer's word on the answer that a row is about; a repeat of it records nothing."""
    payload = {
        "rating": None,
        "corrected_output": dict(labels),
        "comment": comment or None,
        REVIEWED: True,
    }
    return NewFeedback(item.content["trace_id"], payload, f"review:{item.seq}", actor, True)


_ACCEPTED = {
    "row": "its labels become a reviewer's word, which the next turn takes as confirmed",
    "sample": "its labels join the holdout when the next epoch opens",
    "promotion": "its version serves",
    "rollback": "somebody has seen it",
}
_KEPT = "its label stays, and nobody is asked about it again"
_REJECTED = {
    "row": "the row is not used",
    "sample": "the input stays unlabelled, and no training sees it",
    "promotion": "its version waits no more",
}


def _planned(item: ReviewItem, does: str, answer: Mapping[str, Any] | None) -> PlannedReview:
    return PlannedReview(
        seq=item.seq, program=item.program, kind=item.kind, does=does, answer=answer
    )


def _labels(ws: Workspace, item: ReviewItem, given: Mapping[str, Any]) -> dict[str, Any]:
    """The labels that an item would get. Raises InputError, or FeedbackError with each problem."""
    if item.kind == "row":
        _refuse_what_stays_quarantined(item)
    outputs = program_spec(ws, item.program).signature.outputs
    labels, problems = checked_labels(outputs, {**_agreed(item), **given})
    if problems:
        raise FeedbackError(
            f"item {item.seq} cannot be accepted with these labels",
            problems,
            hint="give them with --label OUTPUT=VALUE",
        )
    return labels


def _is_doubt(item: ReviewItem) -> bool:
    """Whether the row passes, and only its label looks wrong."""
    problems = item.content.get("problems", ())
    return bool(problems) and all(problem["check"] == DOUBTED for problem in problems)


def _is_in_file(item: ReviewItem) -> bool:
    return item.content.get("inputs") is None


def _agreed(item: ReviewItem) -> Mapping[str, Any]:
    """What all users say there, where they say one thing."""
    said = [word["labels"] for word in item.content.get("said", ())]
    return said[0] if said and all(labels == said[0] for labels in said) else {}


def _refuse_what_stays_quarantined(item: ReviewItem) -> None:
    content = item.content
    problems = content["problems"]
    if _is_in_file(item):
        where = f"row {content['row']} of {content['source']}" if content["row"] else "a row"
        raise InputError(
            f"item {item.seq} is {where}, and a file of yours is never written",
            hint=f"mend it there ({problems[0]['remedy']}), and take the next turn",
        )
    if any(problem["check"] == "leakage" for problem in problems):
        raise InputError(
            f"item {item.seq} {problems[0]['reason']}, which no label changes",
            hint=problems[0]["remedy"],
        )
