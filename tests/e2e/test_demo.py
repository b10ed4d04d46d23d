"""`dspyui demo`: one command, two turns, and nothing of the live truth but through feedback."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from deployments.demo.example import support_routing
from deployments.stack.state import look
from dspyui_core.datasets import Reader, Row, load_split
from dspyui_core.records import DatasetRef
from dspyui_core.text import normalise
from support.home import Finished, Home
from support.processes import wait_until

TURN = {
    "program",
    "turn",
    "outcome",
    "dataset",
    "scores",
    "decision",
    "model_version",
    "lm",
    "seconds",
    "message",
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("demo")
    return Home(folder / "home", folder)


@pytest.fixture(scope="module")
def demo(kept: Home) -> Finished:
    """The demonstration, run once; the settings around it are somebody's production."""
    return kept.dspyui(
        "demo",
        "--keep",
        kept.path,
        "--json",
        DSPYUI_STORE__URL="postgresql://nobody@127.0.0.1:1/production",
        PREFECT_API_URL="http://127.0.0.1:1/api",
    )


def test_it_ends_well_and_prints_one_document(demo: Finished) -> None:
    assert demo.code == 0, demo.stderr
    assert set(demo.json) == {
        "program",
        "turns",
        "feedback",
        "holdout",
        "test",
        "seconds",
    }
    assert [set(turn) for turn in demo.json["turns"]] == [TURN, TURN]
    assert set(demo.json["feedback"]) == {"predictions", "ratings", "corrections", "exported"}
    assert set(demo.json["test"]) == {"first", "last", "rows"}


def test_the_second_turn_is_promoted_and_worth_it_where_nobody_looked(demo: Finished) -> None:
    first, second = demo.json["turns"]
    test = demo.json["test"]

    assert (first["outcome"], second["outcome"]) == ("promoted", "promoted")
    assert demo.json["holdout"]["first"] == second["scores"]["champion"]
    assert demo.json["holdout"]["last"] == second["scores"]["candidate"]
    assert test["rows"] == 372
    assert test["last"] - test["first"] >= 0.05


def test_every_row_that_it_learned_is_what_some_user_said(demo: Finished, kept: Home) -> None:
    said = _said(kept)

    learned = [row for row in _learned(demo, kept) if row.is_feedback]

    assert len(learned) > 300
    for row in learned:
        assert row.trace_id is not None
        assert row.labels["intent"] in said[row.trace_id]


def test_it_learned_the_users_mistakes_too(demo: Finished, kept: Home) -> None:
    truth = {normalise(row["text"]): row["intent"] for row in _table(support_routing().live)}

    learned = [row for row in _learned(demo, kept) if row.is_feedback]
    wrong = [row for row in learned if row.labels["intent"] != truth[normalise(row.inputs["text"])]]

    assert 0.03 < len(wrong) / len(learned) < 0.2


def test_no_message_of_a_silent_user_and_none_of_the_test_was_learned(
    demo: Finished, kept: Home
) -> None:
    answered = {trace for trace, labels in _said(kept).items() if labels}
    tested = {normalise(row["text"]) for row in _table(support_routing().test)}

    learned = [row for row in _learned(demo, kept) if row.is_feedback]

    assert {row.trace_id for row in learned} <= answered
    assert not tested & {normalise(row.inputs["text"]) for row in learned}


def test_what_users_said_was_exported(demo: Finished, kept: Home) -> None:
    (file,) = (kept.path / "exports").glob("support-routing-*.csv")
    rows = _table(file)

    assert len(rows) == demo.json["feedback"]["exported"] == demo.json["feedback"]["ratings"]


def test_an_answer_of_the_kept_home_leads_back_to_a_user(demo: Finished, kept: Home) -> None:
    assert demo.code == 0
    asked = "someone used my card in a shop i have never been to"
    answer = kept.dspyui("predict", "support-routing", "--input", f"text={asked}", "--json").json

    lineage = kept.dspyui("lineage", answer["trace_id"], "--json")
    told = kept.dspyui("lineage", answer["trace_id"])

    assert lineage.json["version"] == demo.json["turns"][1]["model_version"]
    origins = [demo for demo in lineage.json["demos"] if demo["trace_id"]]
    assert len(lineage.json["demos"]) == 16
    assert origins
    assert all(demo["user_id"] and demo["answered"] for demo in origins)
    assert origins[0]["trace_id"] in told.stdout


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Finished]]:
    """The demonstration through a local stack; its home, and what it said."""
    folder = tmp_path_factory.mktemp("staged")
    home = Home(folder / "home", folder)
    yield home, home.dspyui("demo", "--stack", "--keep", home.path, "--json")
    home.dspyui("down")


def test_through_a_stack_its_turns_are_runs_of_a_prefect_that_is_left_up(
    staged: tuple[Home, Finished],
) -> None:
    home, demo = staged
    assert demo.code == 0, demo.stderr

    (address,) = [each.address for each in look(home.path).services if each.name == "Prefect"]
    asked = Request(f"{address}/api/flow_runs/filter", b"{}", {"Content-Type": "application/json"})
    with urlopen(asked, timeout=20) as answer:
        runs = {run["name"]: run["state"]["name"] for run in json.load(answer)}

    turns = {turn["turn"]: turn["outcome"] for turn in demo.json["turns"]}
    assert list(turns.values()) == ["promoted", "promoted"]
    assert {
        turn: state for name, state in runs.items() for turn in turns if turn in name
    } == dict.fromkeys(turns, "Promoted")


def test_a_stack_that_was_left_up_is_ended_by_down(staged: tuple[Home, Finished]) -> None:
    home, _ = staged
    assert home.processes()

    ended = home.dspyui("down")

    assert ended.code == 0, ended.stderr
    wait_until(lambda: not home.processes(), 30)


def test_a_folder_with_something_in_it_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "mine.txt").write_text("mine")

    refused = Home(tmp_path / "home", tmp_path).dspyui("demo", "--keep", tmp_path / "home")

    assert refused.code == 2
    assert "not an empty folder" in refused.stderr
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["mine.txt"]


def _learned(demo: Finished, kept: Home) -> tuple[Row, ...]:
    reported = demo.json["turns"][1]["dataset"]
    ref = DatasetRef(program="support-routing", **reported)
    return load_split(kept.path / "datasets", ref, "train", reader=Reader.OPTIMIZER)


def _said(kept: Home) -> Mapping[str, set[Any]]:
    """By trace: the labels that users' words stand for."""
    with closing(sqlite3.connect(kept.path / "state.db")) as state:
        rows = state.execute("select kind, trace_id, payload from journal").fetchall()
    answers = {
        trace: json.loads(p)["outputs"]["intent"] for k, trace, p in rows if k == "prediction"
    }
    said: dict[str, set[Any]] = {trace: set() for trace in answers}
    for kind, trace, payload in rows:
        if kind == "feedback":
            correction = json.loads(payload)["corrected_output"] or {}
            said[trace].add(correction.get("intent", answers[trace]))
    return said


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
