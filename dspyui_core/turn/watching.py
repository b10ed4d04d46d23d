"""Watching a new champion: judged by what its users say, and taken back where it harms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dspyui_core.promotion import (
    WATCH,
    Compared,
    LedgerEntry,
    Trial,
    Watched,
    end_trial,
    take_back,
    trial,
    watch,
)
from dspyui_core.records import Record
from dspyui_core.review import Inbox, ReviewItem, follow
from dspyui_core.spec import WatchSpec, read_spec
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.turn.asked import ProgramFile
from dspyui_core.turn.watch_evidence import read_evidence
from dspyui_core.workspace import Workspace

__all__ = ["WatchReport", "WatchRequest", "watch_champion"]

Ended = Literal["nothing-to-watch", "watching", "fine", "rolled-back", "held"]

_HEADLINES: dict[Ended, str] = {
    "nothing-to-watch": "nothing to watch",
    "watching": "not shown to harm so far",
    "fine": "fine, and watched no longer",
    "rolled-back": "rolled back",
    "held": "harms, and is held by a person",
}


class WatchRequest(Record):
    """Whose champion is watched."""

    program: ProgramFile


class WatchReport(Record):
    """What a watch found, and what it did about it.

    `outcome`: the champion was `rolled-back`; or it harms and is `held`, because a person paused
    the program or pinned it; or it is `fine`; or `watching` goes on. `decision` is the number of
    the decision that this is in the ledger, `item` that of the item in the inbox.
    """

    program: str
    outcome: Ended
    champion: int | None = None
    predecessor: int | None = None
    reasons: tuple[str, ...] = ()
    watched: Watched | None = None
    decision: int | None = None
    item: int | None = None

    @property
    def harms(self) -> bool:
        """Whether the champion was shown to harm."""
        return self.watched is not None and self.watched.verdict == "harm"

    @property
    def headline(self) -> str:
        """What came of it, in a line."""
        who = "" if self.champion is None else f"version {self.champion}: "
        back = f", version {self.predecessor} serves" if self.outcome == "rolled-back" else ""
        return f"{self.program}: {who}{_HEADLINES[self.outcome]}{back}"

    @property
    def markdown(self) -> str:
        """What was found, for a person to read in an artifact."""
        told = [f"**{self.headline}**", *(f"- {reason}" for reason in self.reasons)]
        if self.item is not None:
            told.append(f"\nItem {self.item} in the inbox.")
        return "\n".join((*told, *_table(self.watched)))


def watch_champion(
    ws: Workspace, request: WatchRequest, *, dry_run: bool = False, now: Now = utc_now
) -> WatchReport:
    """Judge the champion of a spec's program, and take it back where it is shown to harm.

    The decision is the ledger's, and an item in the inbox tells people. Where a person paused the
    program or pinned the champion, only the item is opened. Nothing is written with `dry_run`.
    Repeating it changes nothing. Raises SpecError, ConflictError where somebody decided
    meanwhile, and ModelNotFoundError where the champion before is gone from MLflow.
    """
    spec = read_spec(request.program)
    if not dry_run:
        ws.releases.reconcile(spec.name)
    history = ws.releases.ledger.history(spec.name)
    found = trial(history)
    if not dry_run:
        _tell_again(ws, history)
    if found is None or found.over or not spec.watch.enabled:
        return WatchReport(
            program=spec.name, outcome="nothing-to-watch", reasons=(_idle(found, spec.watch),)
        )
    # What serves was made with the spec of its turn: that says whether anybody stayed behind.
    served = ws.models.load_model(spec.name, version=found.champion).spec.watch
    evidence = read_evidence(ws, found, spec.watch, at_once=served.holdback > 0, now=now())
    report = WatchReport(
        program=spec.name,
        outcome="watching",
        champion=found.champion,
        predecessor=found.predecessor,
        watched=(watched := watch(evidence, spec.watch)),
        reasons=watched.reasons,
    )
    return report if dry_run else _acted(ws, report, found, watched, seen=history[0].seq)


def _acted(
    ws: Workspace, report: WatchReport, found: Trial, watched: Watched, *, seen: int
) -> WatchReport:
    """The report, with what is done about it."""
    if watched.verdict == "undecided":
        return report
    if watched.verdict == "fine":
        entry = end_trial(ws.releases, found, watched, seen=seen)
        return report.model_copy(update={"outcome": "fine", "decision": entry.seq})
    hold = ws.releases.hold(found.program)
    if hold:
        reasons = (*watched.reasons, hold)
        item = _ask(ws, found, reasons)
        changes = {"outcome": "held", "reasons": reasons, "item": item.seq}
        return report.model_copy(update=changes)
    entry = take_back(ws.releases, found, watched, seen=seen)
    told = _tell(ws, entry)
    changes = {
        "outcome": "rolled-back",
        "predecessor": entry.version,
        "decision": entry.seq,
        "reasons": tuple(entry.reasons),
        "item": told.seq,
    }
    return report.model_copy(update=changes)


def _ask(ws: Workspace, found: Trial, reasons: Sequence[str]) -> ReviewItem:
    """The item of a champion that harms and may not be taken back: one for a trial."""
    content = {"version": found.champion, "harms": True, "reasons": list(reasons)}
    key = f"watch of decision {found.decision}"
    return Inbox(ws.engine).open_item(found.program, "rollback", key, content)


def _tell(ws: Workspace, entry: LedgerEntry) -> ReviewItem:
    """The item of a rollback, opened where a crash kept it from the inbox."""
    inbox = Inbox(ws.engine)
    follow(inbox, entry, before=entry.evidence.get("taken_back"))
    items = inbox.items(program=entry.program, kind="rollback")
    return next(item for item in items if item.key == str(entry.seq))


def _tell_again(ws: Workspace, history: Sequence[LedgerEntry]) -> None:
    made = next((entry for entry in history if entry.verdict == "promote"), None)
    if made is not None and made.kind == "rollback" and made.actor == WATCH:
        _tell(ws, made)


def _idle(found: Trial | None, policy: WatchSpec) -> str:
    if not policy.enabled:
        return "watch.enabled is false"
    if found is None:
        return "no version was promoted in place of another one that could serve again"
    return f"version {found.champion} was watched to the end, and stays"


def _table(watched: Watched | None) -> list[str]:
    if watched is None:
        return []
    compared = [*watched.compared, *([] if watched.drift is None else [watched.drift])]
    lines = [_line(found) for found in compared]
    head = "| | champion | before | evidence | needed |\n|---|---|---|---|---|"
    return ["", head, *lines]


def _line(found: Compared) -> str:
    shares = (
        "none" if rate.share is None else f"{rate.share:.1%} of {rate.total}"
        for rate in (found.champion, found.predecessor)
    )
    numbers = (f"{found.evidence:.3g}", f"{found.needed:.0f}")
    return f"| {' | '.join((found.measure, *shares, *numbers))} |"
