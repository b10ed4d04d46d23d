"""An evaluation in chunks that others score: the same result, nothing repeated, nothing leaked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from dspyui_core.errors import LMError, ProgramError
from dspyui_core.mlflow_tracking import read_evaluation_table
from dspyui_core.settings import FanOutSettings, Settings
from dspyui_core.store.tables import step
from dspyui_core.turn import (
    Chunk,
    TurnRequest,
    compile_candidate,
    evaluate_programs,
    open_turn,
    score_chunk,
    scoring_chunks,
)
from dspyui_core.turn.evaluating import EVALUATION_TABLE
from dspyui_core.workspace import Workspace
from support import tiny
from support.turns import take_turn

# Fails on some rows, gives fractions, and all of it fails while a file says so.
METRIC = """
from pathlib import Path

AWAY = Path(__file__).with_name("away")


def score(example, prediction, trace=None):
    if AWAY.exists() or "paperback" in example["text"]:
        raise ValueError("no score for this")
    return len(example["text"]) % 7 / 10 if prediction["desk"] == example["desk"] else 0.0
"""
# What a clock measures.
MEASURED = ("latency_ms", "usd")


@dataclass(frozen=True)
class Office:
    """A turn that is compiled and not evaluated yet, beside a champion."""

    ws: Workspace
    folder: Path
    turn_id: str

    def evaluated(self, **options: Any) -> dict[str, Any]:
        """Evaluate anew: what is recorded, what it cost, and every row of the table."""
        with self.ws.engine.begin() as connection:
            connection.execute(delete(step).where(step.c.name == "evaluate"))
        found = evaluate_programs(self.ws, self.turn_id, **options)
        steps = self.ws.turns.steps(self.turn_id)
        run_id = steps["compile"]["ref"]["run_id"]
        table = read_evaluation_table(self.ws.client, run_id, EVALUATION_TABLE)
        rows = [{k: v for k, v in row.items() if k not in (*MEASURED, "cached")} for row in table]
        measured = set(MEASURED)
        return {
            "ref": found.model_dump(exclude=measured),
            "rows": rows,
            "lm": steps["evaluate"]["cost"]["lm"],
        }

    def kept(self) -> dict[str, Any]:
        return self.ws.turns.parts(self.turn_id, "evaluate")

    def planned(self) -> list[Chunk]:
        """The chunks as an evaluation deals them out."""
        dealt: list[Chunk] = []
        with pytest.raises(InterruptedError):
            self.evaluated(scorers=partial(_interrupted, dealt))
        return dealt


def _interrupted(dealt: list[Chunk], chunks: Sequence[Chunk]) -> None:
    dealt += chunks
    raise InterruptedError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    (folder / "home" / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, folder / "home" / "mlflow" / "mlflow.db")
    (folder / "desk_metric.py").write_text(METRIC)
    chunks = FanOutSettings(workers=2, rows=10)
    settings = Settings(home=folder / "home", workspace=folder, user="maria", fan_out=chunks)
    ws = Workspace.open(settings=settings)
    metric = "python:desk_metric:score"
    assert take_turn(ws, tiny.write_program(folder, metric=metric)).outcome == "promoted"
    request = TurnRequest(program=tiny.write_program(folder, metric=metric, seed=3))
    turn_id = open_turn(ws, request).turn_id
    compile_candidate(ws, turn_id)
    yield Office(ws, folder, turn_id)
    ws.close()


@pytest.fixture
def office(made: Office) -> Iterator[Office]:
    yield made
    (made.folder / "away").unlink(missing_ok=True)
    made.ws.turns.drop_parts(made.turn_id, "evaluate")


@pytest.fixture(scope="module")
def whole(made: Office) -> dict[str, Any]:
    """The evaluation as it is without chunks."""
    return made.evaluated()


def backwards(ws: Workspace, chunks: Sequence[Chunk]) -> None:
    """Scores the last chunk first, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(partial(score_chunk, ws), reversed(chunks)))


def test_what_is_found_in_chunks_is_what_is_found_without(office: Office, whole: Any) -> None:
    found = office.evaluated(scorers=partial(backwards, office.ws))

    assert found == whole
    assert {row["program"] for row in whole["rows"]} == {"baseline", "champion", "candidate"}
    assert whole["ref"]["failed"]["candidate"] > 0
    assert office.kept() == {}


def test_rows_that_nobody_scored_are_scored_where_the_turn_is(office: Office, whole: Any) -> None:
    def some(chunks: Sequence[Chunk]) -> None:
        for chunk in chunks[1::2]:
            score_chunk(office.ws, chunk)

    assert office.evaluated(scorers=some) == whole


def test_a_turn_that_was_cut_off_deals_out_what_is_left(office: Office, whole: Any) -> None:
    chunks = office.planned()
    for chunk in chunks[:3]:
        score_chunk(office.ws, chunk)
    dealt: list[Chunk] = []

    def rest(chunks: Sequence[Chunk]) -> None:
        dealt.extend(chunks)
        backwards(office.ws, chunks)

    assert office.evaluated(scorers=rest) == whole
    assert dealt == chunks[3:]


def test_chunks_that_were_cut_otherwise_are_put_together_all_the_same(
    office: Office, whole: Any
) -> None:
    chunk = office.planned()[0].model_copy(update={"start": 3, "stop": 20})

    score_chunk(office.ws, chunk)

    found = office.evaluated(scorers=partial(backwards, office.ws))
    # Some rows were asked twice, which cost what it cost.
    assert found.pop("lm")["calls"] > whole["lm"]["calls"]
    assert found == {name: value for name, value in whole.items() if name != "lm"}


def test_a_repeated_chunk_is_found(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    chunk = office.planned()[0]
    first = score_chunk(office.ws, chunk)
    monkeypatch.setattr(scoring_chunks, "score_rows", None)

    again = score_chunk(office.ws, chunk)

    assert again == first
    assert (first.rows, first.lm.calls) == (chunk.stop - chunk.start, chunk.stop - chunk.start)


def test_what_is_kept_of_a_chunk_tells_no_label(office: Office) -> None:
    score_chunk(office.ws, office.planned()[0])

    (content,) = office.kept().values()
    assert "slices" not in json.dumps(content)
    assert {"row_id", "score", "prediction", "error"} <= content["rows"][0].keys()


def test_a_chunk_that_failed_altogether_is_asked_again(office: Office, whole: Any) -> None:
    away = office.folder / "away"
    away.touch()

    def fail_first(chunks: Sequence[Chunk]) -> None:
        assert score_chunk(office.ws, chunks[0]).failed == chunks[0].stop - chunks[0].start
        away.unlink()

    found = office.evaluated(scorers=fail_first)

    assert found["rows"] == whole["rows"]


def test_an_evaluation_that_failed_altogether_keeps_nothing(office: Office, whole: Any) -> None:
    (office.folder / "away").touch()
    with pytest.raises(LMError, match="every holdout row of the baseline failed"):
        office.evaluated(scorers=partial(backwards, office.ws))
    assert office.kept() == {}

    (office.folder / "away").unlink()

    assert office.evaluated(scorers=partial(backwards, office.ws)) == whole


def test_a_process_with_other_code_scores_nothing(office: Office) -> None:
    chunk = office.planned()[0].model_copy(update={"digest": "f" * 64})

    with pytest.raises(ProgramError, match="baseline of turn desk-0002 is program") as told:
        score_chunk(office.ws, chunk)

    assert "DSPYUI_WORKSPACE" in told.value.hint
    assert office.kept() == {}
