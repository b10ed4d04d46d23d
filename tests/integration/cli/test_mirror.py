"""`dspyui mirror`: once, as a dry run, for a program that is not there, and until it is told."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest

from dspyui_core.errors import StoreError
from dspyui_core.mirror import Lag
from dspyui_core.turn import MirrorReport
from dspyui_core.turn import mirroring as core
from dspyui_core.workspace import Workspace
from integration.cli.conftest import TRACE, Office


def test_it_copies_what_mlflow_has_not_and_the_second_time_nothing(office: Office) -> None:
    first = office.dspyui("mirror", "--json")
    again = office.dspyui("mirror", "desk")

    (desk,) = first.json["programs"]
    trace = Workspace.open(office.home).client.get_trace(TRACE, display=False)
    assert (first.code, again.code) == (0, 0)
    assert (desk["program"], desk["traces"], desk["assessments"]) == ("desk", 1, 2)
    assert desk["lag"] == {"entries": 0, "seconds": 0.0}
    assert trace.data.spans[0].inputs == {"text": "a novel"}
    assert again.out == "desk: 0 traces and 0 assessments copied; MLflow has everything\n"


def test_a_dry_run_says_how_far_mlflow_is_behind_and_copies_nothing(office: Office) -> None:
    before = office.state()

    said = office.dspyui("mirror", "--dry-run", "--json")

    (desk,) = said.json["programs"]
    assert (desk["program"], desk["lag"]["entries"]) == ("desk", 2)
    assert desk["lag"]["seconds"] > 0
    assert said.json["dry_run"] is True
    assert office.state() == before


def test_a_program_that_nothing_is_recorded_of_is_bad_input(office: Office) -> None:
    said = office.dspyui("mirror", "dsek")

    assert said.code == 2
    assert "no program 'dsek'" in said.err
    assert "desk" in said.err


def test_following_ends_with_zero_when_it_is_told_and_says_what_it_did(office: Office) -> None:
    ws = Workspace.open(office.home)

    def told_when_done() -> None:
        while ws.watermarks.get("desk", "mirror") < ws.journal.last_position("desk"):
            waiting.wait(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    waiting = threading.Event()
    telling = threading.Thread(target=told_when_done)
    telling.start()
    said = office.dspyui("mirror", "--follow", "--every", "0.2", "--json")
    telling.join()

    (desk,) = said.json["programs"]
    assert said.code == 0
    assert (desk["traces"], desk["assessments"]) == (1, 2)
    assert "desk: 1 traces and 2 assessments copied" in said.err


class Away:
    """An MLflow that is away for some looks; it is told to stop after as many."""

    def __init__(self, looks: int, back: int) -> None:
        self.stop, self.looks, self.waits = threading.Event(), looks, list[float]()
        self.reports: list[MirrorReport] = []
        self._back, self._count = back, 0

    def mirror_all(self, *_: Any, **__: Any) -> list[MirrorReport]:
        self._count += 1
        if self._count == self.looks:
            self.stop.set()
        if self._count < self._back:
            raise StoreError("MLflow failed: gone")
        lag = Lag(entries=0, seconds=0.0)
        return [
            MirrorReport(
                program="desk", traces=1, assessments=0, orphans=0, position=1,
                picked_up=None, lag=lag,
            )
        ]  # fmt: skip


def test_while_mlflow_is_away_the_waits_grow_and_then_it_catches_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mlflow = Away(looks=5, back=4)
    monkeypatch.setattr(core, "mirror_all", mlflow.mirror_all)

    core.follow(
        Any, lambda: ("desk",), every=0.01, stop=mlflow.stop,
        on_report=mlflow.reports.append,
        on_trouble=lambda error, wait: mlflow.waits.append(round(wait, 3)),
    )  # fmt: skip

    assert mlflow.waits == [0.02, 0.04, 0.08]
    assert [report.traces for report in mlflow.reports] == [1, 1]
