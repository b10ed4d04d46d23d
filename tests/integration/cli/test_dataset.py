"""`dspyui dataset check`, `show` and `diff`: a file before it is used, versions afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyui_core.datasets import Reader, load_split
from dspyui_core.mlflow_tracking import DATA_PAGE, DATA_REPORT
from dspyui_core.turn import TurnRequest, open_turn
from dspyui_core.turn.beginning import begin_run
from dspyui_core.turn.versions import find_version, ref_of
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office, Said
from support import tiny

MAIL = "jane.doe@example.org"


def holdout_texts(office: Office) -> set[str]:
    """The inputs that no command but the comparison may show."""
    ws = Workspace.open(office.home)
    ref = ref_of(find_version(ws, "desk", "latest"))
    rows = load_split(ws.snapshots, ref, "holdout", reader=Reader.COMPARISON)
    ws.close()
    return {row.inputs["text"] for row in rows}


def next_version(office: Office, rows: list[tuple[str, str]]) -> None:
    """Let a turn store the rows, and the one that ana corrected, as the next version."""
    program = tiny.write_program(office.folder, seed=4)
    tiny.write_csv(office.folder / "rows.csv", rows)
    ws = Workspace.open(office.home)
    open_turn(ws, TurnRequest(program=program))
    ws.close()


def check(office: Office, name: str, *options: str) -> Said:
    return office.dspyui("dataset", "check", name, "-p", "desk.yaml", *options)


def test_a_file_is_compared_with_the_version_before_and_nothing_is_changed(office: Office) -> None:
    rows = [row for row in tiny.rows() if row[0] not in holdout_texts(office)][5:]
    tiny.write_csv(office.folder / "june.csv", [*rows, ("brand new", "amber")])
    before = office.state()

    told = check(office, "june.csv")

    assert told.code in (0, 3)
    version = office.dspyui("dataset", "show", "latest", "--json").json["version"]["version"]
    assert f"since {version[:12]}" in told.out
    assert "1 added" in told.out
    assert office.state() == before


def test_each_check_that_found_something_says_what_and_the_others_are_named(
    office: Office,
) -> None:
    tiny.write_csv(office.folder / "june.csv", [*tiny.rows(), ("what is it", ""), tiny.rows()[0]])

    lines = check(office, "june.csv").out.splitlines()

    assert lines[0] == "warn: 160 of 162 rows accepted"
    assert any(line.startswith("  ! exact_duplicates        warns") for line in lines)
    assert "  - row 161, desk: is blank" in lines
    assert any(line.startswith("  ✓ ") and "leakage" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_personal_data_is_masked_in_the_terminal_the_json_and_the_page(office: Office) -> None:
    rows = [*tiny.rows(), (f"write to {MAIL}", "amber"), (f"write to {MAIL}", "birch")]
    tiny.write_csv(office.folder / "june.csv", [*rows, ("new one", MAIL)])

    told = check(office, "june.csv", "--report", "june.html")
    as_json = check(office, "june.csv", "--json")

    page = (office.folder / "june.html").read_text(encoding="utf-8")
    assert told.err == "written: june.html\n"
    assert {row["row"] for row in as_json.json["quarantined"]} == {161, 162}
    assert "[e-mail]" in page
    assert "jane.doe" not in told.out + as_json.out + page
    assert "desk: data of june.csv" in page


def test_a_blocked_file_exits_with_3_and_has_a_page_too(office: Office) -> None:
    tiny.write_csv(office.folder / "june.csv", [("one", "amber"), ("two", "amber")])

    told = check(office, "june.csv", "--report", "june.html")

    assert told.code == 3
    assert told.out.startswith("blocked: ")
    page = (office.folder / "june.html").read_text(encoding="utf-8")
    assert "The data is blocked" in page


def test_without_a_home_a_check_makes_none(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYUI_HOME", str(office.folder / "nowhere"))

    told = check(office, "rows.csv")

    assert (told.code, "since" in told.out) == (0, False)
    assert not (office.folder / "nowhere").exists()


def test_the_versions_are_listed_the_newest_first(office: Office) -> None:
    next_version(office, [*tiny.rows(), *tiny.unseen()[:8]])

    known = office.dspyui("dataset", "show", "--json").json
    lines = office.dspyui("dataset", "show", "--program", "desk").out.splitlines()

    assert [one["rows"] for one in known] == [169, 160]
    assert [one["turn"] for one in known] == ["desk-0003", "desk-0001"]
    assert [one["turns"] for one in known] == [1, 2]
    assert lines[0] == "desk: 2 dataset versions"
    assert [line.split()[0] for line in lines[2:]] == [one["version"][:12] for one in known]


def test_one_version_is_told_with_its_counts_and_without_any_row(office: Office) -> None:
    found = office.dspyui("dataset", "show", "latest", "--json")
    told = office.dspyui("dataset", "show", "latest", "-p", "desk.yaml")

    counts = {label["label"]: label["rows"] for label in found.json["classes"][0]["classes"]}
    assert counts == dict.fromkeys(tiny.LABELS, 40)
    assert found.json["trust"] == {"gold": 160}
    assert found.json["sources"] == {"rows.csv": 160}
    assert "  160 rows: " in told.out
    assert "by turn desk-0001 (promoted, used by 2 turns)" in told.out
    assert not [text for text, _ in tiny.rows() if text in found.out + told.out]


def test_a_diff_counts_what_came_went_and_was_relabelled_and_hides_the_holdout(
    office: Office,
) -> None:
    hidden = holdout_texts(office)
    learned = [row for row in tiny.rows() if row[0] not in hidden]
    gone, relabelled = learned[0], learned[1]
    rows = [row for row in tiny.rows() if row not in (gone, relabelled)]
    other = next(label for label in tiny.LABELS if label != relabelled[1])
    held = next(row for row in rows if row[0] in hidden)
    rows[rows.index(held)] = (held[0], next(label for label in tiny.LABELS if label != held[1]))
    next_version(office, [*rows, (relabelled[0], other), *tiny.unseen()[:12]])

    found = office.dspyui("dataset", "diff", "previous", "latest", "-p", "desk", "--json")
    told = office.dspyui("dataset", "diff", "previous", "latest", "-p", "desk").out

    splits = {split["split"]: split for split in found.json["change"]["splits"]}
    assert sum(split["added"] for split in splits.values()) == 13
    assert sum(split["removed"] for split in splits.values()) == 1
    assert splits["holdout"]["relabelled"] == 1
    assert sum(split["relabelled"] for split in splits.values()) == 2
    shown = {row["inputs"]["text"]: row for row in found.json["rows"]}
    assert shown[relabelled[0]]["was"] == {"desk": relabelled[1]}
    assert shown[gone[0]]["change"] == "removed"
    assert f"- {gone[0]} | {gone[1]}" in " ".join(told.split())
    after = holdout_texts(office)
    assert not [text for text in hidden | after if text in found.out + told]


def test_the_same_version_differs_in_nothing(office: Office) -> None:
    found = office.dspyui("dataset", "diff", "latest", "latest", "-p", "desk", "--json").json

    assert (found["rows"], found["labels"]) == ([], [])
    assert {s["added"] + s["removed"] + s["relabelled"] for s in found["change"]["splits"]} == {0}


def test_reading_versions_changes_nothing(office: Office) -> None:
    before = office.state()

    office.dspyui("dataset", "show", "latest")
    office.dspyui("dataset", "diff", "latest", "latest", "-p", "desk")

    assert office.state() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "--program", "nobody"), "no dataset version of 'nobody' is stored here"),
        (("show", "previous"), "has one dataset version, and none before it"),
        (("show", "0123456789"), "no dataset version '0123456789'"),
        (("show", "a"), "give 4 characters or more"),
        (("diff", "latest", "nothing", "-p", "desk"), "no dataset version 'nothing'"),
        (("check", "rows.csv", "-p", "desk.yaml", "--report", "no/such/page.html"), "cannot be"),
    ],
)
def test_what_cannot_be_shown_is_told(words: tuple[str, ...], told: str, office: Office) -> None:
    said = office.dspyui("dataset", *words)

    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_a_turn_leaves_the_data_page_and_its_json_in_its_run(office: Office) -> None:
    ws = Workspace.open(office.home)
    run_id = ws.turns.step("desk-0001", "compile")["ref"]["run_id"]
    folder = Path(ws.client.download_artifacts(run_id, "data", str(office.folder)))
    ws.close()

    page = (office.folder / DATA_PAGE).read_text(encoding="utf-8")
    assert {"report.html", "report.json"} <= {path.name for path in folder.iterdir()}
    assert "desk: data of turn desk-0001" in page


def test_what_was_forgotten_is_on_no_data_page_any_more(office: Office) -> None:
    tiny.write_csv(office.folder / "rows.csv", [*tiny.rows(), ("one more", "amber")])
    ws = Workspace.open(office.home)
    for number, desk in ((7, "birch"), (8, "coral")):
        trace = f"tr-{number:032x}"
        ws.journal.append_prediction("desk", trace, {"inputs": {"text": "zebra"}, "outputs": {}})
        ws.feedback.record_feedback(trace, "thumbs_down", {"desk": desk}, user_id=f"user {number}")
    turn_id = open_turn(ws, TurnRequest(program=office.folder / "desk.yaml")).turn_id
    run_id = begin_run(ws, turn_id)
    ws.close()
    report = artifact(office, run_id, DATA_REPORT)
    trace = next(trace for trace in (f"tr-{7:032x}", f"tr-{8:032x}") if trace in report)
    assert trace[:11] in artifact(office, run_id, DATA_PAGE)

    assert office.dspyui("forget", "--trace", trace, "--yes").code == 0

    assert trace not in artifact(office, run_id, DATA_REPORT)
    assert "was forgotten" in artifact(office, run_id, DATA_PAGE)
    told = office.dspyui("dataset", "show", "latest", "-p", "desk", "--report", "again.html")
    again = (office.folder / "again.html").read_text(encoding="utf-8")
    assert told.code == 0
    assert "(forgotten)" in again


def artifact(office: Office, run_id: str, path: str) -> str:
    ws = Workspace.open(office.home)
    found = ws.client.download_artifacts(run_id, path, str(office.folder))
    ws.close()
    return Path(found).read_text(encoding="utf-8")
