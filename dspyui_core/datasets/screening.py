"""Screening: rows that a check refuses one by one, before any split is decided for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dspyui_core.datasets.checks.protocol import Comments
from dspyui_core.datasets.checks.running import chosen_checks
from dspyui_core.datasets.contract.parsing import finding_in_file
from dspyui_core.datasets.findings import Finding, FoundAt
from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.rows import Row, content_hash
from dspyui_core.store.journal import Entry


def screened(found: Fold, entries: Sequence[Entry] = ()) -> Fold:
    """The fold without the rows that its checks refuse, which are findings; others are notes.

    `entries` are the journal's: what users wrote beside their ratings is looked at, too, and a row
    that a reviewer accepted passes, whatever a check has against it.
    """
    comments = _comments(found, entries)
    refused: list[Finding] = []
    noted: list[Finding] = []
    decided = _decided(found, entries)
    for check in chosen_checks(found.spec.dataset.checks):
        if check.severity != "off":
            place = noted if check.severity == "warn" else refused
            objections = (one for one in check.screen(found, comments) if one.place not in decided)
            place += [finding_in_file(found.spec, one) for one in objections]
    gone = {finding.place for finding in refused}
    rows = tuple(row for row in found.rows if _place(row) not in gone) if gone else found.rows
    return replace(
        found,
        rows=rows,
        findings=(*found.findings, *refused),
        notes=(*found.notes, *noted),
        version=content_hash(rows) if gone else found.version,
    )


def _place(row: Row) -> FoundAt:
    return row.source, row.data_row if row.trace_id is None else row.trace_id


def _decided(found: Fold, entries: Iterable[Entry]) -> set[FoundAt]:
    """The rows that are what a reviewer said they should be."""
    reviewed = {e.trace_id for e in entries if e.authenticated and e.payload.get("review")}
    confirmed = (row for row in found.rows if row.trust == "confirmed")
    return {_place(row) for row in confirmed if row.trace_id in reviewed}


def _comments(found: Fold, entries: Iterable[Entry]) -> Comments:
    """What each user last wrote beside a rating, in the feedback that the fold rests on."""
    counted = (e for e in entries if e.position <= found.upto and e.program == found.spec.name)
    spoken = sorted((e for e in counted if e.kind == "feedback"), key=lambda e: e.position)
    said = {(e.trace_id, e.user_id): e.payload.get("comment") for e in spoken}
    return {who: comment for who, comment in said.items() if isinstance(comment, str)}
