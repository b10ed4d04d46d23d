"""Epochs: labelled samples wait for the next one, and it begins only where enough is fresh."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import Reader, load_split, row_key
from dspyui_core.promotion import Ledger, LedgerEntry, next_look
from dspyui_core.review import Inbox
from dspyui_core.spec import PromotionSpec
from dspyui_core.turn import Opened, TurnRequest, finish, open_turn, plan_turn
from dspyui_core.turn.reviewing import collect_rows
from integration.turn.desk import Desk


@pytest.fixture
def ws(engine: Engine, tmp_path: Path) -> Any:
    return Desk(engine, tmp_path)


def decided(ws: Any, **changes: Any) -> Opened:
    """A turn that looked at the holdout and was refused."""
    found = open_turn(ws, TurnRequest(program=ws.writes_spec(**changes)))
    ledger = Ledger(ws.engine)
    ledger.append(
        "p",
        predecessor=ledger.last("p"),
        kind="turn",
        verdict="refuse",
        actor="turn",
        turn_id=found.turn_id,
        level=0.002,
        evidence={"deviation": 0.5},
    )
    finish(ws, found.turn_id, "refused")
    return found


def label(ws: Any, count: int, *, start: int = 0) -> set[str]:
    """Samples of the inbox that a reviewer labelled, unlike all other texts; their input keys."""
    inbox, keys = Inbox(ws.engine), set()
    for number in range(start, start + count):
        inputs = {"text": hashlib.sha256(str(number).encode()).hexdigest()}
        item = inbox.open_item("p", "sample", row_key(inputs), {"inputs": inputs})
        labels = {"topic": ("billing", "delivery", "account")[number % 3]}
        inbox.decide(item.seq, "accepted", actor="rea", comment=None, answer=labels)
        keys.add(row_key(inputs))
    return keys


def holdout(ws: Any, opened: Opened) -> set[str]:
    assert opened.dataset is not None
    rows = load_split(ws.snapshots, opened.dataset, "holdout", reader=Reader.COMPARISON)
    return {row.key for row in rows}


def epochs(ws: Any) -> list[LedgerEntry]:
    return [entry for entry in Ledger(ws.engine).history("p") if entry.kind == "epoch"]


def test_a_few_labelled_samples_wait_and_change_nothing(ws: Any) -> None:
    first = decided(ws)
    label(ws, 5)

    again = open_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))

    assert again.report is not None
    assert again.report.outcome == "nothing-new"
    assert again.report.turn == first.turn_id
    assert epochs(ws) == []


def test_enough_of_them_open_the_next_epoch_and_join_its_holdout(ws: Any) -> None:
    before = holdout(ws, decided(ws))
    keys = label(ws, 20)

    found = open_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))

    assert holdout(ws, found) == before | keys
    (opened,) = epochs(ws)
    assert (opened.epoch, opened.evidence["samples"]) == (2, list(range(1, 21)))
    assert opened.reasons == [
        f"20 fresh holdout rows beside {len(before)}, 20 of them labelled samples"
    ]
    look = next_look(Ledger(ws.engine).history("p"), PromotionSpec())
    assert (look.epoch, look.number) == (2, 1)


def test_what_was_labelled_after_an_epoch_began_waits_for_the_one_after(ws: Any) -> None:
    decided(ws)
    label(ws, 20)
    second = decided(ws)
    later = label(ws, 5, start=20)
    ws.corrects("tr-1", "somebody stole the package", "delivery")
    ws.corrects("tr-2", "the lorry lost my sofa", "delivery")

    third = open_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))

    assert third.report is None
    assert holdout(ws, third) == holdout(ws, second)
    assert not later & holdout(ws, third)


def test_a_dry_run_tells_of_the_new_dataset_and_opens_nothing(ws: Any) -> None:
    decided(ws)
    label(ws, 20)

    plan = plan_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))

    assert plan.action == "open"
    assert epochs(ws) == []


def test_another_signature_opens_an_epoch_and_samples_that_no_longer_fit_are_quarantined(
    ws: Any,
) -> None:
    decided(ws)
    label(ws, 20)
    decided(ws)
    values = ["billing", "delivery", "account", "other"]
    signature = {
        "instructions": "Route it.",
        "inputs": {"text": "str", "channel": {"type": "str"}},
        "outputs": {"topic": {"type": "literal", "values": values}},
    }
    ws.writes_spec(signature=signature, dataset={"sources": "rows.csv"})
    rows = (ws.folder / "rows.csv").read_text().splitlines()
    lines = ["text,topic,channel", *(f"{line},mail" for line in rows[1:])]
    (ws.folder / "rows.csv").write_text("\n".join(lines))

    found = open_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))

    assert "another one" in epochs(ws)[0].reasons[0]
    assert found.dataset is not None
    assert found.dataset.quarantined >= 20
    assert "audit sample" in found.problems
    assert len(collect_rows(ws, found.turn_id)) >= 20


def test_a_worn_out_epoch_ends_a_turn_before_anything_is_spent(ws: Any) -> None:
    policy = {"looks": 1}
    decided(ws, promotion=policy)
    ledger = Ledger(ws.engine)
    ledger.append(
        "p",
        predecessor=ledger.last("p"),
        kind="promotion",
        verdict="promote",
        version=1,
        actor="rea",
    )
    ws.corrects("tr-1", "somebody stole the package", "delivery")
    ws.corrects("tr-2", "the lorry lost my sofa", "delivery")

    found = open_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))

    assert found.report is not None
    assert found.report.outcome == "inconclusive"
    assert "epoch 1 has no error level left after 1 looks" in found.report.message


def test_with_force_it_goes_on_all_the_same(ws: Any) -> None:
    decided(ws, promotion={"looks": 1})
    ws.corrects("tr-1", "somebody stole the package", "delivery")
    ws.corrects("tr-2", "the lorry lost my sofa", "delivery")

    found = open_turn(ws, TurnRequest(program=ws.folder / "p.yaml", force=True))

    assert found.report is None
