"""The audit sample: served inputs, drawn by their hash alone, to be labelled for the holdout.

What is drawn depends on the input and on nothing that anybody answered or said about it, so that
it favours no program. A drawn input belongs to the holdout from that moment on: feedback on it is
parked, or those that users correct would leave the sample, and only the easy ones would stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import Engine

from dspyui_core.datasets import input_text, nfc, row_key
from dspyui_core.datasets.near.index import NearIndex
from dspyui_core.datasets.splitting.ledger import Ledger, hold_out, read_ledger
from dspyui_core.errors import ConflictError
from dspyui_core.fields import parse_row, row_model
from dspyui_core.review.inbox import Inbox
from dspyui_core.review.items import ReviewItem
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.journal import Entry

_SALT: Final = "dspyui audit sample"
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Served:
    """A distinct input that was asked, with the first trace that asked it."""

    key: str
    inputs: Mapping[str, Any]
    trace_id: str
    place: float

    @property
    def text(self) -> str:
        """The input as near duplicates compare it."""
        return input_text(self.inputs)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a draw came to: distinct `served` inputs, those of them `known` to the split ledger.

    `near` is how many were passed over because they nearly repeat known or drawn ones.
    """

    served: int
    known: int
    near: int
    drawn: tuple[Served, ...]


def place_in_line(program: str, key: str) -> float:
    """Where an input stands, 0..1, uniformly; the same on every machine, and for every draw."""
    digest = hashlib.sha256(f"{_SALT}\n{program}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def draw(
    spec: ProgramSpec, entries: Iterable[Entry], ledger: Ledger, *, count: int | None = None
) -> Drawing:
    """Draw `count` inputs, the first in line; by default the spec's share of all that was served.

    Inputs that the split ledger has, or nearly has, are passed over: they have their split.
    """
    served = _served(spec, entries)
    waiting = [one for one in served if one.key not in ledger.places]
    share = spec.feedback.audit_share
    asked = waiting if count is not None else [one for one in waiting if one.place < share]
    limit = len(asked) if count is None else count
    drawn, near = _apart(asked, ledger, spec.dataset.checks.near_duplicate_similarity, limit)
    return Drawing(len(served), len(served) - len(waiting), near, tuple(drawn))


def open_samples(
    engine: Engine,
    spec: ProgramSpec,
    entries: Iterable[Entry],
    *,
    count: int | None = None,
    now: Now = utc_now,
) -> tuple[Drawing, tuple[ReviewItem, ...]]:
    """Draw, open an item for each drawn input, and hold it out; all that is open since now.

    Stopped on its way, the same call goes on. Raises ConflictError, and draws nothing, where a
    turn decided splits meanwhile.
    """
    inbox, ledger = Inbox(engine, now=now), read_ledger(engine, spec.name)
    drawing = draw(spec, entries, ledger, count=count)
    opened = inbox.open_items(
        spec.name, "sample", {one.key: _content(one) for one in drawing.drawn}
    )
    texts = {one.key: one.text for one in drawing.drawn}
    try:
        hold_out(engine, spec.name, texts, after=ledger.last, at=now())
    except ConflictError as error:
        for item in opened:
            inbox.close(item.seq, "withdrawn", actor="sample", comment=error.message)
        raise
    return drawing, opened


def _content(one: Served) -> dict[str, Any]:
    # Not the answer: who sees it before labelling agrees with it more often than is right.
    return {"trace_id": one.trace_id, "input_key": one.key, "inputs": dict(one.inputs)}


def _served(spec: ProgramSpec, entries: Iterable[Entry]) -> list[Served]:
    """The distinct inputs that fit the signature, first in line first."""
    fields, model = spec.signature.inputs, row_model(spec.signature.inputs)
    found: dict[str, Served] = {}
    for entry in entries:
        given = entry.payload.get("inputs") or {}
        values, problems = parse_row(fields, given, model=model)
        if entry.kind != "prediction" or problems:
            continue
        inputs = nfc(values)
        key = row_key(inputs)
        if key not in found:
            found[key] = Served(key, inputs, entry.trace_id, place_in_line(spec.name, key))
    return sorted(found.values(), key=lambda one: (one.place, one.key))


def _apart(
    asked: Sequence[Served], ledger: Ledger, similarity: float, limit: int
) -> tuple[list[Served], int]:
    """The first of those in line that nearly repeat nothing known and nothing drawn before."""
    drawn: dict[str, Served] = {}
    near = 0
    known = {key: place.text for key, place in ledger.places.items()}
    for some in _parts(asked):
        if len(drawn) >= limit:
            break
        texts = {one.key: one.text for one in some}
        taken = known | {one.key: one.text for one in drawn.values()}
        index = NearIndex(taken | texts, similarity)
        for one, alike in zip(some, index.similar_to(texts.values()), strict=True):
            if len(drawn) >= limit:
                break
            if any(key in taken or key in drawn for key in alike):
                near += 1
            else:
                drawn[one.key] = one
    return list(drawn.values()), near


def _parts(asked: Sequence[Served]) -> Iterator[list[Served]]:
    source = iter(asked)
    while some := list(islice(source, _AT_ONCE)):
        yield some
