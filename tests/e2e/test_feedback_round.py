"""Owns the loop by hand: answers, corrections, an export, a better version, and back again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from support import tiny
from support.home import Finished, Home, Template

# A few rows to learn from and many to be judged by: corrections have something to add.
SHARES = {"train": 0.12, "validation": 0.05, "holdout": 0.83}
CHECKS = {"minimum_train": 4, "minimum_per_class": 1}
INPUTS = tiny.unseen()


@dataclass(frozen=True)
class Loop:
    """One round: each command's result, in the order in which they ran."""

    home: Home
    first: Finished
    answers: list[dict[str, Any]]
    added: Finished
    repeated: Finished
    before: Finished
    export: Finished
    export_again: Finished
    second: Finished
    after: Finished


@pytest.fixture(scope="module")
def loop(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    dataset = {"sources": "rows.csv", "shares": SHARES, "checks": CHECKS}
    home = template.copy(tmp_path_factory.mktemp("loop"), dataset=dataset)
    first = home.turn()
    lines = [json.dumps({"text": text}) for text, _ in INPUTS]
    (home.folder / "inputs.jsonl").write_text("\n".join(lines))
    answers = home.dspyui("predict", "desk", "--file", "inputs.jsonl", "--json").json
    added, repeated = (_correct_by_command(home, answers[0], INPUTS[0][1]) for _ in range(2))
    _correct_the_rest(home, answers)
    return Loop(
        home,
        first,
        answers,
        added,
        repeated,
        before=home.dspyui("status", "--json"),
        export=_export(home),
        export_again=_export(home),
        second=home.turn(),
        after=home.dspyui("status", "--json"),
    )


def _correct_by_command(home: Home, answer: dict[str, Any], desk: str) -> Finished:
    said = ("--rating", "thumbs_down", "--correct", f"desk={desk}", "--comment", "not mine")
    who = ("--user", "ann", "--key", "form-1")
    return home.dspyui("feedback", "add", answer["trace_id"], *said, *who, "--json")


def _correct_the_rest(home: Home, answers: list[dict[str, Any]]) -> None:
    """Rate and correct through the core, each twice with one idempotency key."""
    workspace = home.opened()
    for answer, (_, desk) in zip(answers[1:], INPUTS[1:], strict=True):
        right = answer["outputs"]["desk"] == desk
        rating, correction = ("thumbs_up", None) if right else ("thumbs_down", {"desk": desk})
        for _ in range(2):
            workspace.feedback.record_feedback(
                answer["trace_id"],
                rating,
                correction,
                user_id="ann",
                idempotency_key=f"key-{answer['trace_id']}",
            )
    workspace.close()


def _export(home: Home) -> Finished:
    return home.dspyui("export", "desk", "--consumer", "trainer", "--format", "jsonl")


def test_every_answer_has_a_trace_and_names_its_version(loop: Loop) -> None:
    assert loop.first.json["outcome"] == "promoted"
    assert len({answer["trace_id"] for answer in loop.answers}) == len(INPUTS)
    assert {answer["version"] for answer in loop.answers} == {1}
    assert {answer["program"] for answer in loop.answers} == {"desk"}


def test_feedback_with_a_repeated_key_is_recorded_once(loop: Loop) -> None:
    assert (loop.added.code, loop.repeated.code) == (0, 0), loop.repeated.stderr
    assert loop.added.json == loop.repeated.json
    (state,) = loop.before.json["programs"]
    assert (state["predictions"], state["feedback"]) == (len(INPUTS), len(INPUTS))


def test_a_consumer_gets_each_piece_of_feedback_once_with_the_correction(loop: Loop) -> None:
    rows = [json.loads(line) for line in loop.export.stdout.splitlines()]

    assert [(row["text"], row["desk"]) for row in rows] == INPUTS
    assert {row["comment"] for row in rows} == {"not mine", None}
    assert (loop.export_again.code, loop.export_again.stdout.strip()) == (0, "")


def test_the_next_turn_learns_from_the_feedback_and_is_promoted(loop: Loop) -> None:
    first, second = loop.first.json, loop.second.json

    assert loop.second.code == 0, loop.second.stderr
    assert (second["turn"], second["outcome"]) == ("desk-0002", "promoted")
    assert second["dataset"]["rows"] == first["dataset"]["rows"] + len(INPUTS)
    assert second["dataset"]["holdout"] == first["dataset"]["holdout"]
    assert second["scores"]["champion"] == first["scores"]["candidate"]
    assert second["scores"]["candidate"] > second["scores"]["champion"] + 0.1


def test_a_turn_brings_mlflow_up_to_the_journal(loop: Loop) -> None:
    ((traces,),) = loop.home.query("mlflow/mlflow.db", "select count(*) from trace_info")
    ratings = loop.home.query(
        "mlflow/mlflow.db", "select count(*) from assessments where name = 'user_rating'"
    )

    assert loop.before.json["programs"][0]["unmirrored"] == 2 * len(INPUTS)
    assert loop.after.json["programs"][0]["unmirrored"] == 0
    assert (traces, ratings) == (len(INPUTS), [(len(INPUTS),)])


def test_status_tells_who_serves_and_how_the_last_turn_ended(loop: Loop) -> None:
    before, after = loop.before.json["programs"][0], loop.after.json["programs"][0]

    assert (before["champion"], before["turn"], before["outcome"]) == (1, "desk-0001", "promoted")
    assert (after["champion"], after["turn"], after["outcome"]) == (2, "desk-0002", "promoted")


@dataclass(frozen=True)
class Moved:
    """Going back and forth by hand, and then what each way of looking shows."""

    back: Finished
    served: int
    again: Finished
    refused: Finished
    seen: dict[str, Finished]


@pytest.fixture(scope="module")
def moved(loop: Loop, crew: ThreadPoolExecutor) -> Moved:
    home, why = loop.home, ("--reason", "a look around", "--json")
    back = home.dspyui("model", "rollback", "desk", *why)
    served = home.dspyui("predict", "desk", "-i", "text=Where is my novel", "--json")
    again = home.dspyui("model", "promote", "desk", "2", *why)
    looks = {
        "refused": ("model", "promote", "desk", "2", *why),
        "list --json": ("model", "list", "--json"),
        "show --json": ("model", "show", "desk", "--json"),
        "list": ("model", "list"),
        "show": ("model", "show", "desk"),
        "status": ("status",),
    }
    seen = dict(zip(looks, crew.map(lambda look: home.dspyui(*look), looks.values()), strict=True))
    return Moved(back, served.json["version"], again, seen.pop("refused"), seen)


def test_a_version_is_rolled_back_and_promoted_again_through_the_ledger(moved: Moved) -> None:
    assert (moved.back.code, moved.back.json["kind"]) == (0, "rollback")
    assert moved.back.json["version"] == moved.served == 1
    assert (moved.again.code, moved.again.json["kind"]) == (0, "promotion")
    shown = moved.seen["show --json"].json
    assert {v["version"]: v["stage"] for v in shown["versions"]} == {1: "Archived", 2: "Production"}
    kinds = [entry["kind"] for entry in shown["decisions"]]
    assert kinds == ["promotion", "rollback", "turn", "turn"]
    listed = moved.seen["list --json"].json
    assert listed == [{"name": "desk", "champion": 2, "challenger": None}]


def test_promoting_what_serves_already_is_refused_in_both_forms(moved: Moved) -> None:
    assert moved.refused.code == 2
    assert moved.refused.json["error"]["code"] == "bad-input"
    assert "version 2 of 'desk' serves already" in moved.refused.stderr


def test_people_can_read_what_json_says(moved: Moved) -> None:
    assert moved.seen["list"].stdout == "desk  champion 2  challenger -\n"
    assert "decision 4" in moved.seen["show"].stdout
    assert "Archived" in moved.seen["show"].stdout
    assert "desk: champion 2, turn desk-0002 promoted" in moved.seen["status"].stdout
