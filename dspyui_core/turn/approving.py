"""Approval: a version that waits for a person, who answers in Prefect's UI or in the inbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from dspyui_core.errors import InputError
from dspyui_core.promotion import ask_again
from dspyui_core.records import Record
from dspyui_core.review import Inbox, ReviewItem, State, await_approval
from dspyui_core.spec import read_spec
from dspyui_core.store.clock import utc_now
from dspyui_core.turn.by_hand import PromoteRequest
from dspyui_core.turn.reviewing import PlannedReview, accept_item, program_spec, reject_item
from dspyui_core.turn.telling import evidence, subject_of
from dspyui_core.workspace import Workspace

__all__ = [
    "Question",
    "answer_question",
    "expire_approvals",
    "plan_reopen",
    "question",
    "refuse_overdue",
    "reopen_item",
]

NOBODY = "timeout"


class Question(Record):
    """A version that waits, or waited.

    `item` is its number in the inbox, `state` what became of it, `markdown` the evidence. An answer
    is taken until `until`; `answered` is who said what of one that is decided.
    """

    program: str
    version: int
    item: int
    state: State
    markdown: str
    until: datetime
    answered: str = ""


def question(ws: Workspace, request: PromoteRequest) -> Question:
    """The newest question about the request's version. Raises InputError where nobody asked one."""
    program = read_spec(request.program).name
    expire_approvals(ws, program)
    asked = [
        item
        for item in Inbox(ws.engine).items(program=program, kind="promotion")
        if request.version in (None, item.content["version"])
    ]
    if not asked:
        raise InputError(
            f"nobody asked about version {request.version} of {program!r}",
            hint=f"let it serve by hand: dspyui model promote {program} VERSION --reason WHY",
        )
    return _asked(ws, asked[-1])


def answer_question(
    ws: Workspace, seq: int, answer: Literal["approve", "refuse"], *, reason: str, actor: str
) -> ReviewItem:
    """Approve or refuse an open question, through the ledger.

    Raises ConflictError where it is decided already, NotFoundError.
    """
    if answer == "approve":
        return accept_item(ws, seq, reason=reason, actor=actor)
    return reject_item(ws, seq, reason=reason, actor=actor)


def expire_approvals(ws: Workspace, program: str) -> tuple[ReviewItem, ...]:
    """Refuse the versions of a program that nobody answered about in `promotion.approval_hours`.

    Repeating it changes nothing; a refusal can be re-opened.
    """
    late = [
        item
        for item in Inbox(ws.engine).items(program=program, kind="promotion", state="open")
        if _until(ws, item) < utc_now()
    ]
    return tuple(
        reject_item(
            ws, item.seq, reason=f"nobody answered until {_until(ws, item):%F %R}", actor=NOBODY
        )
        for item in late
    )


def refuse_overdue(ws: Workspace, spec: Path) -> tuple[Question, ...]:
    """The questions about a spec's program that `expire_approvals` refuses just now."""
    return tuple(_asked(ws, item) for item in expire_approvals(ws, read_spec(spec).name))


def reopen_item(ws: Workspace, seq: int, *, reason: str, actor: str | None = None) -> ReviewItem:
    """Let a refused version wait again, in an item of its own.

    Raises NotFoundError, InputError for what is no refused promotion, or where it serves, and
    ModelNotFoundError where the version is deleted.
    """
    plan_reopen(ws, seq)
    inbox, who = Inbox(ws.engine), actor or ws.settings.user
    item = inbox.get(seq)
    content = dict(item.content)
    version = int(content.pop("version"))
    entry = ask_again(ws.releases, item.program, version, reason=reason, actor=who)
    turn = f"{content.pop('turn')}, decision {entry.seq}"
    return await_approval(inbox, item.program, version, turn, content)


def plan_reopen(ws: Workspace, seq: int) -> PlannedReview:
    """What `reopen_item` would do. Raises what it raises; nothing is written."""
    item = Inbox(ws.engine).get(seq)
    if (item.kind, item.state) != ("promotion", "rejected"):
        raise InputError(
            f"item {seq} is a {item.kind} and {item.state}: only a refused promotion is re-opened",
            hint="what can be decided: dspyui review list",
        )
    ws.releases.would_promote(item.program, int(item.content["version"]))
    return PlannedReview(
        seq=seq, program=item.program, kind=item.kind, does="its version waits again"
    )


def _asked(ws: Workspace, item: ReviewItem) -> Question:
    return Question(
        program=item.program,
        version=item.content["version"],
        item=item.seq,
        state=item.state,
        markdown=_markdown(ws, item),
        until=_until(ws, item),
        answered=": ".join(said for said in (item.actor, item.comment) if said),
    )


def _until(ws: Workspace, item: ReviewItem) -> datetime:
    hours = program_spec(ws, item.program).promotion.approval_hours
    return item.opened_at + timedelta(hours=hours)


def _markdown(ws: Workspace, item: ReviewItem) -> str:
    """What a person decides by: who serves now, and all that the turn's verdict rests on."""
    version, turn = item.content["version"], item.content["turn"]
    champion = ws.releases.champion(item.program)
    now = "nothing serves" if champion is None else f"version {champion} serves"
    turn_id = turn.partition(",")[0]
    known = ws.turns.step(turn_id, "decide") is not None
    what = f"Version {version} is {subject_of(ws, turn_id)}; " if known else ""
    told = "\n".join(f"- {reason}" for reason in item.content.get("reasons", ()))
    parts = (
        f"### {item.program}: shall version {version} serve?",
        f"{what}{now} now. Turn {turn} asks; it is item {item.seq} in the inbox.",
        evidence(ws, turn_id) if known else told,
        f"Without an answer until {_until(ws, item):%F %R} UTC it is refused.",
    )
    return "\n\n".join(part for part in parts if part)
