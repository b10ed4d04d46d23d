"""Retention: unrated answers and spans leave the journal when they are old or too many."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from dspyui_core.mirror import CONSUMER
from dspyui_core.records import Record
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.erasing import note_erasure
from dspyui_core.store.retiring import Retiring, content, stored_bytes
from dspyui_core.workspace import Workspace

__all__ = ["MEGABYTE", "Retired", "retire"]

MEGABYTE = 1_000_000
EXPORT = "export:"
VARIABLE = "DSPYUI_JOURNAL__MAX_MB"
_LOG = logging.getLogger("dspyui")


class Retired(Record):
    """How many predictions left the journal, and how many others lost their spans.

    `over_bytes` is what payloads and spans are over the limit all the same: feedback, what
    somebody rated, and what MLflow or a consumer has not had yet stay.
    """

    predictions: int = 0
    spans: int = 0
    over_bytes: int = 0

    def __str__(self) -> str:
        told = f"retired {self.predictions} predictions and the spans of {self.spans}"
        over = f"{self.over_bytes / MEGABYTE:.2f} MB over the limit of {VARIABLE}"
        return f"{told}; still {over}, all of it needed" if self.over_bytes else told


def retire(ws: Workspace, *, dry_run: bool = False, now: Now = utc_now) -> Retired:
    """Apply the limits of this home's settings to its journal, of all programs.

    Retired are predictions that nobody rated, once MLflow and every consumer have read past them;
    their keys stay used for ever. Over the limit of size the oldest spans go first, then the
    oldest unrated predictions. Feedback and what it is about is never retired.
    """
    limits = ws.settings.journal
    if not limits.retires:
        return Retired()
    aged, stripped = (_ago(days, now()) for days in (limits.keep_days, limits.keep_span_days))
    sweep = Retiring(ws.engine, _read_by_all(ws), aged, stripped, dry_run, now)
    expired, bare = sweep.predictions(), sweep.spans()
    squeezed = Retired()
    if limits.max_mb is not None:
        freed = expired.bytes + bare.bytes if dry_run else 0
        squeezed = _squeeze(ws, sweep, int(limits.max_mb * MEGABYTE) + freed)
    retired = Retired(
        predictions=expired.rows + squeezed.predictions,
        spans=bare.rows + squeezed.spans,
        over_bytes=squeezed.over_bytes,
    )
    return retired if dry_run else _noted(ws, retired, now)


def _ago(days: float | None, now: datetime) -> datetime | None:
    return None if days is None else now - timedelta(days=days)


def _squeeze(ws: Workspace, sweep: Retiring, limit: int) -> Retired:
    # The whole file is quickly measured, and holds more than the journal does.
    if stored_bytes(ws.engine) <= limit:
        return Retired()
    over = content(ws.engine).bytes - limit
    spans = sweep.spans_worth(over)
    predictions = sweep.predictions_worth(over - spans.bytes)
    left = over - spans.bytes - predictions.bytes
    return Retired(predictions=predictions.rows, spans=spans.rows, over_bytes=max(left, 0))


def _read_by_all(ws: Workspace) -> dict[str, int]:
    """By program, the position up to which MLflow and every consumer have read."""
    return {name: _read(ws.watermarks.all_of(name)) for name in ws.journal.programs()}


def _read(places: Mapping[str, int]) -> int:
    # Other watermarks are not about the journal.
    exports = [place for name, place in places.items() if name.startswith(EXPORT)]
    return min([places.get(CONSUMER, 0), *exports])


def _noted(ws: Workspace, retired: Retired, now: Now) -> Retired:
    if retired.predictions or retired.spans:
        note_erasure(
            ws.engine,
            kind="expired",
            subject="",
            actor=ws.settings.user,
            counts=retired.model_dump(mode="json"),
            now=now,
        )
    if retired != Retired():
        _LOG.info("%s", retired)
    return retired
