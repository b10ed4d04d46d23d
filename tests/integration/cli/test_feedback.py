"""`dspyui feedback`: one piece, taking it back, a file of it, and what it comes to."""

from __future__ import annotations

import csv
import io

from integration.cli.conftest import TRACE, Office


def test_a_correction_needs_no_rating(office: Office) -> None:
    told = office.dspyui("feedback", "add", TRACE, "-c", "desk=birch", "--user", "ben", "--json")

    assert told.json == {"trace_id": TRACE, "position": 3, "program": "desk"}


def test_feedback_that_says_nothing_is_bad_input(office: Office) -> None:
    refused = office.dspyui("feedback", "add", TRACE, "--comment", "hm")

    assert refused.code == 2
    assert "rating: is missing, and no output is corrected" in refused.err


def test_what_a_user_takes_back_is_not_exported(office: Office) -> None:
    said = office.dspyui("feedback", "retract", TRACE, "--user", "ana")

    assert said.out == "retracted at position 3 for desk\n"
    assert office.dspyui("feedback", "retract", TRACE, "--user", "ana", "--json").json == {
        "trace_id": TRACE,
        "position": 3,
        "program": "desk",
    }
    assert office.dspyui("export", "desk", "--format", "jsonl").out == ""


def test_nobody_takes_back_what_they_never_said(office: Office) -> None:
    for options in ((), ("--dry-run",), ("--user", "ana", "--authenticated")):
        refused = office.dspyui("feedback", "retract", TRACE, *options)
        assert (refused.code, f"{TRACE} has no feedback of" in refused.err) == (2, True)


def test_a_dry_run_of_taking_back_writes_nothing(office: Office) -> None:
    before = office.state()

    told = office.dspyui("feedback", "retract", TRACE, "--user", "ana", "--dry-run", "--json").json

    assert told == {"trace_id": TRACE, "program": "desk", "retracted": True, "dry_run": True}
    assert office.state() == before


def test_a_file_is_imported_once(office: Office) -> None:
    (office.folder / "said.csv").write_text(
        f"trace_id,user_id,rating,corrected.desk\n{TRACE},ben,thumbs_down,birch\n{TRACE},,thumbs_up,\n"
    )

    first = office.dspyui("feedback", "import", "said.csv")
    again = office.dspyui("feedback", "import", "said.csv", "--json").json

    assert first.out == "said.csv: 2 of 2 rows recorded, 0 were there before\n"
    assert (again["path"], again["recorded"], again["repeated"]) == ("said.csv", 0, 2)


def test_overtaken_rows_are_told_with_what_to_do(office: Office) -> None:
    for rating in ("thumbs_up", "thumbs_down", "thumbs_up"):
        rows = f"trace_id,user_id,rating\n{TRACE},ben,{rating}\n"
        (office.folder / "said.csv").write_text(rows)
        out = office.dspyui("feedback", "import", "said.csv").out

    assert "1 were recorded before, and their users have said something else since: rows 1" in out
    assert "give those rows an idempotency_key" in out


def test_a_wrong_file_is_bad_input_and_changes_nothing(office: Office) -> None:
    rows = f"trace_id,rating,corrected.desk\n{TRACE},thumbs_up,\n{TRACE},,nowhere\n"
    (office.folder / "said.csv").write_text(rows)
    before = office.state()

    refused = office.dspyui("feedback", "import", "said.csv")

    assert refused.code == 2
    assert "row 2, corrected.desk: is not an allowed value (found 'nowhere')" in refused.err
    assert office.state() == before


def test_a_dry_run_of_an_import_counts_and_writes_nothing(office: Office) -> None:
    (office.folder / "said.csv").write_text(f"trace_id,rating\n{TRACE},thumbs_up\n")
    before = office.state()

    told = office.dspyui("feedback", "import", "said.csv", "--dry-run", "--json").json
    words = office.dspyui("feedback", "import", "said.csv", "--dry-run").out

    assert (told["recorded"], told["dry_run"]) == (1, True)
    assert "1 of 1 rows would be recorded" in words
    assert office.state() == before


def test_an_exported_file_with_a_correction_filled_in_comes_back(office: Office) -> None:
    office.dspyui("export", "desk", "--out", "rows.csv")
    (row,) = csv.DictReader(io.StringIO((office.folder / "rows.csv").read_text()))
    with (office.folder / "rows.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [*row, "corrected.desk"])
        writer.writeheader()
        writer.writerow(row | {"corrected.desk": "coral"})

    assert office.dspyui("feedback", "import", "rows.csv", "--json").json["recorded"] == 1
    assert "coral" in office.dspyui("export", "desk").out


def test_statistics_are_counted_by_program_and_version(office: Office) -> None:
    office.dspyui("feedback", "add", TRACE, "--rating", "thumbs_up", "--user", "ben")

    (found,) = office.dspyui("feedback", "stats", "desk", "--json").json
    words = office.dspyui("feedback", "stats").out

    assert (found["program"], found["predictions"], found["rated"]) == ("desk", 1, 1)
    assert [one["version"] for one in found["versions"]] == [1]
    assert "desk: 1 of 1 answers rated (100%), 1 up, 1 down, 1 corrected, 0 retracted" in words
    assert "\n  version 1: 1 of 1 answers rated" in words


def test_a_program_that_never_answered_has_no_statistics(office: Office) -> None:
    refused = office.dspyui("feedback", "stats", "nobody")

    assert (refused.code, "nothing was predicted" in refused.err) == (2, True)
