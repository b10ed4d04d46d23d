"""Epochs: which labelled samples are in the holdout, and when a fresh one has begun."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dspyui_core.datasets import Audited, Fold, fold_dataset
from dspyui_core.promotion import Ledger, LedgerEntry, rows_for_next_epoch
from dspyui_core.review import LabelledSample, labelled_samples
from dspyui_core.spec import ProgramSpec, canonical_json
from dspyui_core.turn.steps import Snapshot
from dspyui_core.workspace import Workspace

__all__ = ["Epoch", "fold_in_epoch", "open_epoch"]


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch begins with: `contract` is the hash of its fields and labels, None where that
    is unknown; `rows` are in the holdout, `samples` those of them that were labelled in the inbox.

    `opens` says why it begins with this turn, and is empty where it began before.
    """

    contract: str | None
    rows: int
    samples: frozenset[int]
    opens: str = ""


def fold_in_epoch(ws: Workspace, spec: ProgramSpec, upto: int) -> tuple[Fold, Epoch]:
    """The dataset version up to a journal position, with the samples that its epoch began with.

    Labelled samples wait for the next epoch, which begins once the holdout would be a fifth
    larger, or the signature is another one. Nothing is written.
    """
    present = _present(ws, spec.name)
    labelled = labelled_samples(ws.engine, spec.name)
    found = _fold(ws, spec, upto, [s for s in labelled if s.seq in present.samples])
    contract, rows = _contract(found.spec), _holdout_rows(ws, spec.name)
    waiting = [sample for sample in labelled if sample.seq not in present.samples]
    opens = _why_next(present, contract, rows - present.rows, len(waiting))
    if not opens:
        return found, present
    if waiting:
        found = _fold(ws, spec, upto, labelled)
    samples = frozenset(sample.seq for sample in labelled)
    return found, Epoch(contract, rows + len(waiting), samples, opens)


def open_epoch(ws: Workspace, program: str, epoch: Epoch) -> None:
    """Note in the ledger that an epoch begins, where it does.

    Raises ConflictError where somebody decides at the same moment.
    """
    if not epoch.opens:
        return
    ledger = Ledger(ws.engine)
    ledger.append(
        program,
        predecessor=ledger.last(program),
        kind="epoch",
        verdict="open",
        actor="turn",
        reasons=(epoch.opens,),
        evidence={
            "contract": epoch.contract,
            "rows": epoch.rows,
            "samples": sorted(epoch.samples),
        },
    )


def _present(ws: Workspace, program: str) -> Epoch:
    """The epoch of the last look: as it was opened, or as its first turn found it."""
    history = Ledger(ws.engine).history(program)
    opened = next((entry for entry in history if entry.kind == "epoch"), None)
    if opened is not None:
        noted = opened.evidence
        return Epoch(noted["contract"], noted["rows"], frozenset(noted["samples"]))
    first = next((entry for entry in reversed(history) if entry.kind == "turn"), None)
    snapshot = None if first is None else _snapshot(ws, first)
    if snapshot is None:
        return Epoch(None, 0, frozenset())
    return Epoch(_contract(snapshot.spec), snapshot.dataset.holdout, frozenset())


def _snapshot(ws: Workspace, entry: LedgerEntry) -> Snapshot | None:
    done = ws.turns.step(entry.turn_id, "snapshot") if entry.turn_id else None
    return None if done is None else Snapshot.model_validate(done["ref"])


def _why_next(present: Epoch, contract: str, grown: int, waiting: int) -> str:
    if not present.rows:
        return ""
    if present.contract not in (None, contract):
        return "the signature is another one: its fields, or the values that they take"
    fresh = max(0, grown) + waiting
    if fresh < rows_for_next_epoch(present.rows):
        return ""
    return f"{fresh} fresh holdout rows beside {present.rows}, {waiting} of them labelled samples"


def _holdout_rows(ws: Workspace, program: str) -> int:
    """How many rows the last turn's holdout had."""
    last = ws.turns.last_closed(program)
    done = None if last is None else ws.turns.step(last.turn_id, "snapshot")
    return 0 if done is None else Snapshot.model_validate(done["ref"]).dataset.holdout


def _fold(ws: Workspace, spec: ProgramSpec, upto: int, samples: Sequence[LabelledSample]) -> Fold:
    entries = ws.journal.since(0, program=spec.name, upto=upto)
    audited = [Audited(sample.seq, sample.inputs, sample.labels) for sample in samples]
    return fold_dataset(spec, entries, upto=upto, audited=audited)


def _contract(spec: ProgramSpec) -> str:
    fields = [field.model_dump(mode="json") for field in spec.fields]
    return hashlib.sha256(canonical_json(fields).encode()).hexdigest()
