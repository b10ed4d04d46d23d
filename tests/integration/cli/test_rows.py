"""`dspyui lineage --row`, `dspyui program rebuild`: the versions of a row, and one without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dspyui_core.datasets import places_of
from dspyui_core.datasets.versions.snapshots import splits_on_disk
from dspyui_core.store.locks import turn_lock
from dspyui_core.turn import TurnRequest, open_turn
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny

Row = Callable[[str], str]


@pytest.fixture
def row(office: Office) -> Row:
    """The id of a row of a split."""

    def first(split: str) -> str:
        found = splits_on_disk(office.home / "datasets", "desk")
        return next(part.rows()[0].row_id for part in found if part.split == split)

    return first


def rebuilt(office: Office, *arguments: object) -> Any:
    made = office.dspyui("program", "rebuild", *arguments, "--json")
    assert made.code == 0, made.err
    return made.json


def used(office: Office, row_id: str) -> Any:
    found = office.dspyui("lineage", "--row", row_id, "--json")
    assert found.code == 0, found.err
    return found.json["programs"][0]


def test_a_row_leads_to_the_versions_whose_demos_hold_it(office: Office, row: Row) -> None:
    use = used(office, row("train"))

    assert [(v["version"], v["split"], v["in_demos"]) for v in use["versions"]] == [
        (1, "train", True)
    ]
    assert use["versions"][0]["stage"] == "Production"
    assert (use["program"], use["row"]["source"]) == ("desk", "rows.csv")
    assert {part["split"] for part in use["datasets"]} == {"train"}


def test_a_validation_row_is_in_no_demos_of_the_version_that_was_selected_on_it(
    office: Office, row: Row
) -> None:
    told = office.dspyui("lineage", "--row", row("validation"), "--program", "desk.yaml").out

    assert "version 1, the champion, turn desk-0001" in told
    assert "in the rows it was compiled from, not in its demos" in told


def test_a_holdout_row_is_said_to_be_one_and_not_shown(office: Office, row: Row) -> None:
    use = used(office, row("holdout"))

    assert (use["row"], use["versions"]) == (None, [])
    assert {part["split"] for part in use["datasets"]} == {"holdout"}
    places = places_of(office.home / "datasets", "desk", row("holdout"))
    assert [place.row for place in places] == [None] * len(use["datasets"])


def test_a_row_from_feedback_names_its_user_and_what_was_said(office: Office) -> None:
    ws = Workspace.open(office.home)
    for number, (text, desk) in enumerate(tiny.unseen()[:24], 2):
        trace = f"tr-{number:032x}"
        answer = {"inputs": {"text": text}, "outputs": {"desk": "delta"}}
        ws.journal.append_prediction("desk", trace, answer, version=1)
        ws.feedback.record_feedback(trace, "thumbs_down", {"desk": desk}, "look", user_id="ben")
    open_turn(ws, TurnRequest(program=office.folder / "desk.yaml"))
    ws.close()
    parts = list(splits_on_disk(office.home / "datasets", "desk"))
    said = [row.row_id for part in parts for row in part.rows() if row.user_id == "ben"]

    use = used(office, said[0])

    shown = use["row"]
    assert (shown["user_id"], shown["rating"], shown["comment"]) == ("ben", "thumbs_down", "look")
    assert (shown["trust"], shown["answered"]) == ("proposed", {"desk": "delta"})
    assert use["versions"] == []


def test_a_row_that_is_nowhere_is_not_found(office: Office) -> None:
    refused = office.dspyui("lineage", "--row", "0" * 32)

    assert (refused.code, refused.out) == (2, "")
    assert "no dataset has a row" in refused.err


def test_a_version_is_made_again_without_a_row_and_says_what_changes(
    office: Office, row: Row
) -> None:
    gone = row("train")

    made = rebuilt(office, "--without", gone)

    assert (made["rebuilt_from"], made["version"], made["known"]) == (1, 2, False)
    assert made["without"] == [gone]
    shown = office.dspyui("model", "show", "desk", "--json").json
    tags = shown["versions"][1]["tags"]
    assert (tags["dspyui.rebuilt_from"], json.loads(tags["dspyui.without"])) == ("1", [gone])
    assert [v["version"] for v in used(office, gone)["versions"]] == [1]
    other = [v["version"] for v in used(office, row("validation"))["versions"]]
    assert other == [1, 2]
    answers = made["comparison"]["rows"]
    assert all(one["before"] != one["after"] for one in made["changed"])
    assert 0 <= len(made["changed"]) < answers
    assert shown["versions"][0]["stage"] == "Production"


def test_the_same_rebuild_gives_the_same_version_and_compiles_nothing(
    office: Office, row: Row
) -> None:
    first = rebuilt(office, "--without", row("train"))

    told = office.dspyui("program", "rebuild", "--without", row("train"), "--json")

    assert (told.json["version"], told.json["known"]) == (first["version"], True)
    assert told.json["run_id"] == first["run_id"]
    assert "compiling" not in told.err


def test_a_rebuild_is_no_look_and_no_decision(office: Office, row: Row) -> None:
    before = office.dspyui("model", "history", "desk", "--json").json

    rebuilt(office, "--without", row("train"))

    assert office.dspyui("model", "history", "desk", "--json").json == before


def test_a_rebuild_is_promoted_with_a_reason_through_the_ledger(office: Office, row: Row) -> None:
    made = rebuilt(office, "--without", row("train"), "--promote", "-r", "ana asked")

    newest = office.dspyui("model", "history", "desk", "--json").json[0]
    assert (newest["seq"], newest["kind"], newest["version"]) == (made["decision"], "promotion", 2)
    assert (newest["actor"], newest["reasons"]) == ("ann", ["ana asked"])


def test_a_rebuild_of_a_rebuild_leaves_out_both_rows(office: Office, row: Row) -> None:
    first, second = row("train"), row("validation")
    rebuilt(office, "--without", first)

    made = rebuilt(office, "--without", second, "--version", 2)

    assert made["without"] == [first, second]
    assert made["validation"] + made["train"] == 160 - made["comparison"]["rows"] - 2


def test_a_forgotten_row_is_left_out_without_being_named(office: Office, row: Row) -> None:
    gone = row("train")
    by_id = rebuilt(office, "--without", gone)
    forgotten = office.dspyui("forget", "--row", gone, "--yes")
    assert "dspyui program rebuild --program desk --version 1" in forgotten.out

    unnamed = rebuilt(office, "--program", "desk", "--version", 1)
    named = rebuilt(office, "--program", "desk.yaml", "--version", 1, "--without", gone)

    assert unnamed["forgotten"] == 1
    assert [unnamed["version"], named["version"]] == [by_id["version"]] * 2


def test_a_dry_run_of_a_rebuild_tells_and_writes_nothing(office: Office, row: Row) -> None:
    before = office.state()

    told = office.dspyui("program", "rebuild", "--without", row("train"), "--dry-run")

    assert told.out.startswith("desk: version 1 without 1 row would be compiled again\n")
    assert told.out.endswith("dry run: nothing was written\n")
    assert office.state() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--without", "holdout"), "never saw row"),
        (("--without", "0" * 32), "no dataset has a row"),
        (("--without", "0" * 32, "--program", "desk"), "was made without row"),
        (("--program", "desk"), "none is named"),
        ((), "no row is named"),
        (("--without", "train", "--version", "9"), "no version 9"),
        (("--without", "train", "--promote"), "go together"),
        (("--without", "train", "--reason", "x"), "go together"),
        (("--without", "train", "--program", "nobody"), "nobody serves 'nobody'"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused_and_nothing_is_written(
    arguments: tuple[str, ...], says: str, office: Office, row: Row
) -> None:
    ids = {split: row(split) for split in ("train", "holdout")}
    before = office.state()

    refused = office.dspyui("program", "rebuild", *(ids.get(word, word) for word in arguments))

    assert (refused.code, refused.out) == (2, "")
    assert says in refused.err
    assert office.state() == before


def test_a_rebuild_waits_for_no_turn(office: Office, row: Row) -> None:
    with turn_lock(office.home / "locks", "desk"):
        refused = office.dspyui("program", "rebuild", "--without", row("train"))

    assert refused.code == 1
    assert "desk" in refused.err
