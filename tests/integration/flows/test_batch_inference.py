"""The flow batch-inference."""

from __future__ import annotations

import csv
import json

import pytest

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.turn import BatchRequest, adopt_run
from flows.batch_inference import batch_inference
from flows.data_flywheel import data_flywheel
from support import tiny
from support.artifacts import newest


def asked(desk, count=12, **options):
    """A request for a file of unseen messages with an id each."""
    path = desk.folder / "messages.csv"
    with path.open("w", newline="") as stream:
        texts = (text for text, _ in tiny.unseen()[:count])
        csv.writer(stream).writerows([("id", "text"), *enumerate(texts)])
    return BatchRequest(program=desk.program, file=path, **options)


def test_the_champion_answers_a_file_and_its_answers_take_feedback(desk):
    data_flywheel(desk.request)
    request = asked(desk, out=desk.folder / "answers.jsonl")

    report = batch_inference(request)

    assert (report.total_rows, report.success_count, report.version) == (12, 12, 1)
    answers = [json.loads(line) for line in request.out.read_text().splitlines()]
    right = [desk for _, desk in tiny.unseen()[:12]]
    assert sum(a["desk"] == r for a, r in zip(answers, right, strict=True)) > 8
    desk.ws.feedback.record_feedback(answers[0]["trace_id"], "thumbs_up", user_id="ana")
    assert "| success_count | 12 |" in newest("desk-batch")


def test_the_same_request_again_asks_nobody(desk):
    data_flywheel(desk.request)
    request = asked(desk)

    first, again = batch_inference(request), batch_inference(request)

    assert (first.asked, again.asked, again.path) == (12, 0, first.path)
    assert desk.ws.journal.count(kind="prediction") == 12


def test_a_job_goes_on_with_the_version_that_it_began_with(desk):
    data_flywheel(desk.request)
    request = asked(desk, chunk=4)
    report = batch_inference(request)
    manifest = report.path.parent / "job.json"
    manifest.write_text(manifest.read_text().replace('"finished": true', '"finished": false'))
    (report.path.parent / "chunk-000003.jsonl").unlink()
    desk.respec(seed=3)
    adopted = adopt_run(desk.ws, data_flywheel(desk.request).turn)
    desk.ws.promote("desk", adopted.version, reason="for the next job")

    assert [batch_inference(request).version for _ in range(2)] == [1, 2]


def test_a_program_without_a_champion_answers_nothing(desk):
    with pytest.raises(ModelNotFoundError):
        batch_inference(asked(desk))
