"""`dspyui export`: rows on standard output or in a file, for a consumer each piece once."""

from __future__ import annotations

import csv
import io
import json

from integration.cli.conftest import Office


def test_rows_are_printed_and_nothing_else(office: Office) -> None:
    (row,) = csv.DictReader(io.StringIO(office.dspyui("export", "desk").out))

    assert (row["text"], row["desk"], row["rating"]) == ("a novel", "amber", "thumbs_down")


def test_json_is_one_document_of_rows(office: Office) -> None:
    (row,) = office.dspyui("export", "desk", "--json").json

    assert (row["desk"], row["user_id"]) == ("amber", "ana")


def test_a_consumer_has_had_it_once_it_was_printed(office: Office) -> None:
    asked = ("export", "desk", "--consumer", "crm", "--format", "jsonl")

    first, second = office.dspyui(*asked), office.dspyui(*asked)

    assert json.loads(first.out)["desk"] == "amber"
    assert (second.code, second.out) == (0, "")


def test_a_file_is_told_of_as_a_document(office: Office) -> None:
    told = office.dspyui("export", "desk", "--out", "rows.csv", "--json").json

    assert (told["rows"], told["path"], told["position"]) == (1, "rows.csv", 2)
    assert (office.folder / "rows.csv").read_text().count("\n") == 2


def test_a_file_in_no_folder_is_bad_input_and_the_consumer_has_had_nothing(
    office: Office,
) -> None:
    refused = office.dspyui("export", "desk", "--consumer", "crm", "--out", "no/where.csv")

    assert (refused.code, "cannot be written" in refused.err) == (2, True)
    assert "amber" in office.dspyui("export", "desk", "--consumer", "crm").out


def test_filters_are_combined(office: Office) -> None:
    none = ("--rating", "thumbs_up"), ("--since", "2999-01-01"), ("--version", 2)

    for filters in none:
        assert office.dspyui("export", "desk", "--format", "jsonl", *filters).out == ""
    kept = ("--rating", "thumbs_down", "--since", "2020-01-01", "--version", 1, "--limit", 5)
    assert "amber" in office.dspyui("export", "desk", "--format", "jsonl", *kept).out
