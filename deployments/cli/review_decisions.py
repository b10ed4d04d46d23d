"""`dspyui review accept`, `reject`: what a person decides about an item of the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Actor, DryRun, Json, Reason
from deployments.cli.predict import pairs

if TYPE_CHECKING:
    from dspyui_core.review import ReviewItem
    from dspyui_core.turn import PlannedReview
    from dspyui_core.workspace import Workspace

ACCEPT = page(
    ("dspyui review accept 12 --label intent=card_arrival", "label a sample, or settle a row"),
    ("dspyui review accept 12", "a row as users say it, or a rollback as seen"),
    ("dspyui review accept 13 --reason 'reads well'", "let a waiting version serve"),
    "dspyui review accept 13 --reason 'a look' --dry-run",
)
REJECT = page(
    ("dspyui review reject 12 --reason 'cannot be told'", "leave a row or a sample out"),
    ("dspyui review reject 13 --reason 'worse on fees' --as ana", "refuse a waiting version"),
)
REOPEN = page(
    ("dspyui review reopen 13 --reason 'nobody was there'", "let a refused version wait again"),
    "dspyui review reopen 13 --reason 'a look' --dry-run",
)

Item = Annotated[
    int, typer.Argument(min=1, help="The item's number in the inbox.", show_default=False)
]


def accept(
    item: Item,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", help="OUTPUT=VALUE: what is right there."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Why; a promotion needs it.", show_default=False)
    ] = "",
    actor: Actor = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Accept an item: a row, a label for a sample, a promotion, a rollback as seen.

    A row that users made becomes a reviewer's word, which the next turn takes as confirmed; where
    they disagree, say with --label who is right. A row of your own file cannot be accepted: mend
    the file. A promotion goes through the decision ledger, as by `dspyui model promote`; a run in
    Prefect that waits for it ends.
    """
    from deployments.events import launching
    from dspyui_core.turn import accept_item, plan_accept

    labels = pairs(label, "--label") if label else None
    if dry_run:
        from deployments.cli.dry_run import looking

        with looking() as ws:
            _would(plan_accept(ws, item, labels=labels, reason=reason), "accepted", as_json)
        return
    with launching() as ws:
        done = accept_item(ws, item, labels=labels, reason=reason, actor=actor)
        _told(done, _ended(ws, done), as_json)


def reject(
    item: Item,
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Why, for whoever looks at it later.")
    ],
    actor: Actor = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Reject an item: the row or the sample is not used, the version waits no more.

    Refusing a promotion is a decision of the ledger. A rollback has happened and cannot be
    rejected; promote the version again instead.
    """
    from dspyui_core.turn import plan_reject, reject_item
    from dspyui_core.workspace import Workspace

    if not reason.strip():
        raise typer.BadParameter("say why: the inbox keeps it", param_hint="--reason")
    if dry_run:
        from deployments.cli.dry_run import looking

        with looking() as ws:
            _would(plan_reject(ws, item), "rejected", as_json)
        return
    ws = Workspace.open()
    done = reject_item(ws, item, reason=reason, actor=actor)
    _told(done, _ended(ws, done), as_json)


def reopen(
    item: Item,
    reason: Reason,
    actor: Actor = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Ask about a refused version once more, in an item of its own.

    A version that nobody answered about in `promotion.approval_hours` is refused; this takes that
    back, or what somebody decided. The version waits as the challenger again.
    """
    from deployments.waiting import wait_again
    from dspyui_core.turn import plan_reopen, reopen_item
    from dspyui_core.workspace import Workspace

    if dry_run:
        from deployments.cli.dry_run import looking

        with looking() as ws:
            _would(plan_reopen(ws, item), "open again", as_json)
        return
    ws = Workspace.open()
    done = reopen_item(ws, item, reason=reason, actor=actor)
    in_prefect = wait_again(ws, done)
    if as_json:
        output.document(done.model_dump(mode="json"))
        return
    words = f"{done.program}: version {done.content['version']} waits as item {done.seq}"
    output.text(f"{words}\n  a run in Prefect waits for the answer, too" if in_prefect else words)


def _would(planned: PlannedReview, state: str, as_json: bool) -> None:
    from deployments.cli.dry_run import told
    from deployments.cli.review_view import values_line

    words = f"{planned.program}: item {planned.seq} would be {state}: {planned.does}"
    if planned.answer is not None:
        words += f"\n  {values_line(planned.answer)}"
    told(planned.model_dump(mode="json"), words, as_json)


def _ended(ws: Workspace, done: ReviewItem) -> bool:
    """Whether a run in Prefect waited for this answer; it does not any more."""
    from deployments.waiting import end_answered

    return done.kind == "promotion" and done.seq in {asked.item for asked in end_answered(ws)}


def _told(done: ReviewItem, ended: bool, as_json: bool) -> None:
    from deployments.cli.review_view import values_line

    if as_json:
        output.document(done.model_dump(mode="json"))
        return
    words = f"{done.program}: item {done.seq}, a {done.kind}, is {done.state} by {done.actor}"
    if done.answer is not None:
        words += f"\n  {values_line(done.answer)}"
    output.text(f"{words}\n  its run in Prefect waits no more" if ended else words)
