"""The flow export-feedback."""

from __future__ import annotations

import json

import pytest

from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.turn import ExportRequest
from flows.export_feedback import export_feedback


@pytest.fixture
def heard(desk):
    """A program with two corrected answers."""
    for number, right in enumerate(("amber", "birch")):
        answer = {"inputs": {"text": f"message {number}"}, "outputs": {"desk": "delta"}}
        desk.ws.journal.append_prediction("desk", f"tr-{number}", answer, version=1)
        said = {"rating": "thumbs_down", "corrected_output": {"desk": right}, "comment": None}
        desk.ws.journal.append_feedback(
            f"tr-{number}",
            said,
            user_id="ana",
            authenticated=True,
            idem_key=f"key-{number}",
        )
    return desk


def rows(exported):
    return [json.loads(line) for line in exported.path.read_text().splitlines()]


def test_a_file_holds_the_corrected_rows(heard, tmp_path):
    request = ExportRequest(program=heard.program, out=tmp_path / "rows.jsonl", format="jsonl")

    exported = export_feedback(request)

    assert (exported.program, exported.rows, exported.path) == ("desk", 2, request.out)
    assert [row["desk"] for row in rows(exported)] == ["amber", "birch"]


def test_a_consumer_gets_each_piece_once_in_files_of_their_own(heard):
    request = ExportRequest(program=heard.program, format="jsonl", consumer="crm", limit=1)

    first, second, third = (export_feedback(request) for _ in range(3))

    assert [[row["desk"] for row in rows(one)] for one in (first, second, third)] == [
        ["amber"],
        ["birch"],
        [],
    ]
    assert first.path.parent == heard.ws.home / "exports"
    assert third.position == heard.ws.exporter.position("desk")


def test_a_filter_together_with_a_consumer_moves_nothing(heard):
    with pytest.raises(InputError, match="would never reach that consumer"):
        export_feedback(ExportRequest(program=heard.program, consumer="crm", rating="thumbs_up"))

    assert heard.ws.exporter.watermark("desk", "crm") == 0


def test_a_date_in_the_request_means_all_of_that_day(heard):
    day = next(heard.ws.journal.since(0, kind="feedback")).at.date().isoformat()

    request = ExportRequest(program=heard.program, since=day, until=day)

    assert export_feedback(request).rows == 2


def test_a_program_that_never_answered_has_nothing_to_export(desk):
    with pytest.raises(ModelNotFoundError, match="nothing was predicted"):
        export_feedback(ExportRequest(program=desk.program))
