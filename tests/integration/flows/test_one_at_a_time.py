"""Runs that are deployed for a program hold its limit while they take their turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from prefect import tags
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError

from dspyui_core.errors import BusyError
from flows.compile_program import compile_program
from tasks import _workspace
from tasks._keys import limit_name

LIMIT = limit_name("desk")


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as opened:
        yield opened


def test_a_run_that_was_deployed_holds_the_slot_and_gives_it_back(
    desk, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
):
    client.upsert_global_concurrency_limit_by_name(LIMIT, 1)
    lock, held = _workspace.workspace().lock, []

    def locked(program: str):
        held.append(client.read_global_concurrency_limit_by_name(LIMIT).active_slots)
        return lock(program)

    monkeypatch.setattr(_workspace.workspace(), "lock", locked)

    with tags(LIMIT):
        compile_program(desk.request)

    assert held == [1]
    assert client.read_global_concurrency_limit_by_name(LIMIT).active_slots == 0
    client.delete_global_concurrency_limit_by_name(LIMIT)


def test_without_its_limit_a_run_that_was_deployed_takes_no_turn(desk):
    with tags(LIMIT), pytest.raises(ConcurrencySlotAcquisitionError):
        compile_program(desk.request)

    assert desk.ws.turns.history("desk") == ()


def test_a_run_by_hand_needs_no_limit(desk):
    compile_program(desk.request)

    assert desk.ws.turns.open_turn_of("desk") is not None


def test_a_run_that_was_deployed_waits_for_a_turn_by_hand(
    desk, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
):
    client.upsert_global_concurrency_limit_by_name(LIMIT, 1)
    monkeypatch.setattr(_workspace, "LOOK_SECONDS", 0.01)
    lock, tried = _workspace.workspace().lock, []

    with ExitStack() as by_hand:
        by_hand.enter_context(lock("desk"))

        def lock_that_is_given_back(program: str):
            tried.append(program)
            if len(tried) == 3:
                by_hand.close()
            return lock(program)

        monkeypatch.setattr(_workspace.workspace(), "lock", lock_that_is_given_back)
        with tags(LIMIT):
            compile_program(desk.request)

    assert tried == ["desk"] * 3
    assert desk.ws.turns.open_turn_of("desk") is not None
    client.delete_global_concurrency_limit_by_name(LIMIT)


def test_a_run_by_hand_does_not_wait(desk):
    with desk.ws.lock("desk"), pytest.raises(BusyError):
        compile_program(desk.request)
