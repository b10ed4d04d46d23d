"""`dspyui run batch-inference`, as far as it goes without Prefect."""

from __future__ import annotations

import inspect

import pytest

from deployments.cli import flow_run, run_batch
from dspyui_core.runner.batch import CHUNK
from dspyui_core.turn import answer_file
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office

RUN = ("run", "batch-inference", "--program", "desk.yaml", "--file", "messages.csv")


@pytest.fixture
def batch(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office with two messages, where the flow is its one core call."""
    (office.folder / "messages.csv").write_text("text\na novel\n \n")
    monkeypatch.setattr(
        flow_run, "run_flow", lambda name, request, verbose: answer_file(Workspace.open(), request)
    )
    return office


def test_the_command_line_spells_the_size_of_a_chunk_as_the_core_does() -> None:
    assert inspect.signature(run_batch.batch_inference).parameters["chunk"].default == CHUNK


def test_the_statistics_are_one_document(batch: Office) -> None:
    said = batch.dspyui(*RUN, "--out", "answers.csv", "--json")

    assert said.code == 0
    assert (said.json["total_rows"], said.json["invalid_count"]) == (2, 1)
    assert said.json["path"] == "answers.csv"
    assert (batch.folder / "answers.csv").read_text().count("\n") == 3


def test_a_person_is_told_what_became_of_the_rows(batch: Office) -> None:
    out = batch.dspyui(*RUN, "--out", "answers.csv").out

    assert "1 of 2 rows answered by version" in out
    assert "0 failed, 1 do not fit; 1 were asked just now" in out


def test_a_job_without_one_answer_is_a_failure(batch: Office) -> None:
    (batch.folder / "messages.csv").write_text("text\n \n")

    assert batch.dspyui(*RUN).code == 1


def test_a_wrong_file_is_bad_input(batch: Office) -> None:
    (batch.folder / "messages.csv").write_text("words\nhi\n")
    refused = batch.dspyui(*RUN)

    assert (refused.code, "text: is no column of the file" in refused.err) == (2, True)


def test_a_dry_run_says_what_would_be_asked_and_writes_nothing(batch: Office) -> None:
    before = batch.state()

    told = batch.dspyui(*RUN, "--dry-run", "--json").json
    words = batch.dspyui(*RUN, "--dry-run").out

    assert (told["rows"], told["invalid"], told["dry_run"]) == (2, 1, True)
    assert "would answer 1 of 2 rows" in words
    assert "row 2, text: is blank" in words
    assert not (batch.home / "batches").exists()
    assert batch.state() == before
