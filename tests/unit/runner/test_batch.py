"""Batch inference: every row answered once, by one version, whatever interrupts it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from dspy import lm15
from sqlalchemy import Engine

from dspyui_core.errors import BusyError, DatasetError, InputError, LMError
from dspyui_core.runner import plan_batch, validate_csv_headers
from dspyui_core.runner.batch import unfinished_job
from dspyui_core.store.journal import Journal
from dspyui_core.store.locks import batch_lock
from dspyui_core.testing import ScriptedLM, tiny_spec
from support.batches import Batch, Served, failing_on, rows

OPTIONAL = {
    "signature": {
        "instructions": "Name the topic.",
        "inputs": {"text": "str", "count": {"type": "int", "optional": True}},
        "outputs": {"topic": {"type": "literal", "values": ["billing", "delivery"]}},
    }
}


@pytest.fixture
def batch(tmp_path: Path, engine: Engine) -> Batch:
    return Batch(tmp_path, Journal(engine))


def statuses(written: list[Any]) -> list[str]:
    return [row["status"] for row in written]


def test_every_row_is_answered_recorded_and_written_with_its_trace_id(batch: Batch) -> None:
    report = batch.run(batch.write("in.csv", "id,text\n7,where is it?\n8,why?\n"))

    written = rows(report)
    assert list(written[0]) == ["id", "text", "topic", "status", "error", "trace_id"]
    assert [row["id"] for row in written] == ["7", "8"]
    assert [row["topic"] for row in written] == ["billing", "billing"]
    recorded = [batch.journal.prediction(row["trace_id"]) for row in written]
    assert [entry.payload["inputs"]["text"] for entry in recorded] == ["where is it?", "why?"]
    assert {entry.version for entry in recorded} == {3}


def test_the_statistics_count_answers_failures_and_rows_that_do_not_fit(batch: Batch) -> None:
    batch.lm = ScriptedLM(rule=failing_on("bad"))

    report = batch.run(batch.texts("one", "bad", '" "', "two"))

    assert (report.total_rows, report.success_count, report.error_count) == (4, 2, 2)
    assert (report.invalid_count, report.success_rate, report.asked) == (1, 0.5, 3)
    assert report.total_latency == pytest.approx(3 * report.avg_latency_per_row, abs=0.002)
    assert statuses(rows(report)) == ["ok", "error", "invalid", "ok"]
    assert "wrong format" in rows(report)[1]["error"]
    assert rows(report)[2]["error"] == "text is blank (fill it in, or make it optional)"


def test_a_row_that_does_not_fit_asks_nobody_and_is_recorded_nowhere(batch: Batch) -> None:
    report = batch.run(batch.texts('" "'))

    assert (batch.asks(), batch.journal.count(), rows(report)[0]["trace_id"]) == (0, 0, "")


def test_a_failed_row_is_recorded_like_any_failed_prediction(batch: Batch) -> None:
    batch.lm = ScriptedLM(rule=failing_on("bad"))

    written = rows(batch.run(batch.texts("bad", "good")))

    assert "wrong format" in batch.journal.prediction(written[0]["trace_id"]).payload["error"]


def test_a_finished_job_run_again_asks_nobody_and_gives_the_same(batch: Batch) -> None:
    file = batch.texts("one", "two", "three")
    first = batch.run(file, chunk=2)
    content = first.path.read_bytes()
    first.path.unlink()
    batch.asks()

    again = batch.run(file, chunk=1)

    assert (batch.asks(), again.asked, batch.journal.count()) == (0, 0, 3)
    assert again.path.read_bytes() == content
    same = {"asked", "seconds"}
    assert again.model_dump(exclude=same) == first.model_dump(exclude=same)


def test_an_interrupted_job_asks_only_for_the_chunks_that_it_lacks(batch: Batch) -> None:
    file = batch.texts("one", "two", "three", "four")
    batch.lm = ScriptedLM(*[{"topic": "billing"}] * 2, rule=lambda _: lm15.AuthError("no key"))
    with pytest.raises(LMError, match="refused the API key"):
        batch.run(file, chunk=2)
    batch.lm = ScriptedLM(rule=failing_on("never"))

    report = batch.run(file, chunk=2)

    assert (sorted(batch.lm.heard), report.success_count) == (["four", "three"], 4)
    assert batch.journal.count() == 4


def test_an_answer_that_is_in_the_journal_is_not_asked_for_again(batch: Batch) -> None:
    file = batch.texts("one", "two")
    first = batch.run(file)
    shutil.rmtree(first.path.parent)
    batch.asks()

    again = batch.run(file)

    assert (batch.asks(), again.success_count, again.job) == (0, 2, first.job)


def test_another_version_or_another_content_is_another_job(batch: Batch) -> None:
    file = batch.texts("one")
    jobs = {batch.run(file).job, batch.run(file, served=Served(version=4)).job}
    jobs.add(batch.run(batch.texts("two")).job)

    assert len(jobs) == 3


def test_failed_rows_are_asked_again_on_request_and_only_they(batch: Batch) -> None:
    file = batch.texts("one", "bad", '" "', "two")
    batch.lm = ScriptedLM(rule=failing_on("bad"))
    before = rows(batch.run(file, chunk=2))
    batch.lm = ScriptedLM(rule=failing_on("never"))

    report = batch.run(file, retry_failed=True)

    after = rows(report)
    assert batch.lm.heard == ["bad"]
    assert statuses(after) == ["ok", "ok", "invalid", "ok"]
    assert after[1]["trace_id"] != before[1]["trace_id"]
    assert [after[place] for place in (0, 2, 3)] == [before[place] for place in (0, 2, 3)]


def test_a_row_that_fails_again_is_asked_once_for_each_request(batch: Batch) -> None:
    file = batch.texts("bad")
    batch.lm = ScriptedLM(rule=failing_on("bad"))
    traces = {rows(batch.run(file, retry_failed=True))[0]["trace_id"] for _ in range(3)}

    assert len(traces) == batch.journal.count() == 3
    assert batch.run(file).asked == 0


def test_a_job_stops_where_the_lm_answers_nobody_and_records_nothing(batch: Batch) -> None:
    batch.lm = ScriptedLM(rule=lambda _: lm15.AuthError("no key"))

    with pytest.raises(LMError, match="run the same command again"):
        batch.run(batch.texts(*map(str, range(50))), threads=4)

    assert (len(batch.lm.heard), batch.journal.count()) == (1, 0)
    assert not list(batch.folder.glob("batches/*/answers.csv"))


def test_a_job_stops_where_all_of_the_first_rows_fail_alike(batch: Batch) -> None:
    batch.lm = ScriptedLM(rule=lambda _: "no format")

    with pytest.raises(LMError, match="the first 10 of 11 rows all failed"):
        batch.run(batch.texts(*map(str, range(11))), chunk=10)


def test_a_job_that_fails_throughout_is_finished_where_nothing_is_left_to_spend(
    batch: Batch,
) -> None:
    batch.lm = ScriptedLM(rule=lambda _: "no format")

    report = batch.run(batch.texts("one", "two"))

    assert (report.success_count, report.error_count, report.success_rate) == (0, 2, 0.0)


def test_threads_answer_side_by_side_and_the_rows_keep_their_order(batch: Batch) -> None:
    texts = [str(number) for number in range(40)]

    report = batch.run(batch.texts(*texts), threads=8, chunk=16)

    assert [row["text"] for row in rows(report)] == texts
    assert len({row["trace_id"] for row in rows(report)}) == 40


def test_columns_give_way_to_outputs_and_ours_to_columns(batch: Batch) -> None:
    file = batch.write("in.csv", "text,topic,given_topic,status\nhi,mine,old,new\n")

    (row,) = rows(batch.run(file))

    assert (row["given_given_topic"], row["given_topic"], row["topic"]) == (
        "mine",
        "old",
        "billing",
    )
    assert (row["status"], row["batch_status"]) == ("new", "ok")


def test_cells_that_a_spreadsheet_takes_for_formulas_are_disarmed_in_csv_only(
    batch: Batch,
) -> None:
    file = batch.texts("=1+1")

    assert rows(batch.run(file))[0]["text"] == "'=1+1"
    assert rows(batch.run(file, out=batch.folder / "out.jsonl"))[0]["text"] == "=1+1"


def test_json_lines_keep_their_types_and_a_broken_line_is_one_invalid_row(batch: Batch) -> None:
    file = batch.write("in.jsonl", '{"text": "a", "n": [1, 2]}\n{"text": \n"text"\n{"text": "b"}\n')

    written = rows(batch.run(file))

    assert statuses(written) == ["ok", "invalid", "invalid", "ok"]
    assert [row["n"] for row in written] == [[1, 2], None, None, None]
    assert "malformed JSON" in written[1]["error"]


def test_inputs_are_parsed_by_the_signature(batch: Batch) -> None:
    file = batch.write("in.csv", "text,count\na,3\nb,\nc,three\n")

    written = rows(batch.run(file, served=Served(tiny_spec(**OPTIONAL))))

    assert statuses(written) == ["ok", "ok", "invalid"]
    asked = batch.journal.prediction(written[0]["trace_id"]).payload["inputs"]
    assert asked == {"text": "a", "count": 3}


def test_a_file_without_rows_is_answered_by_a_file_without_rows(batch: Batch) -> None:
    report = batch.run(batch.write("in.csv", "text\n"))

    assert (report.total_rows, report.success_rate, rows(report)) == (0, 0.0, [])


def test_headers_are_judged_all_at_once() -> None:
    problems = validate_csv_headers(tiny_spec(**OPTIONAL), ["Text", "id", "id"])

    assert [str(problem) for problem in problems] == [
        "text: is no column of the file; rename 'Text' to it, or add it",
        "id: stands 2 times in the header; rename one",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [("Text\nhi\n", "rename 'Text' to it"), ("", "is empty"), ('text\n"a\n', "broken CSV")],
)
def test_a_file_that_cannot_be_used_is_refused_before_anybody_is_asked(
    batch: Batch, content: str, said: str
) -> None:
    with pytest.raises(DatasetError, match=said):
        batch.run(batch.write("in.csv", content))

    assert (batch.asks(), (batch.folder / "batches").exists()) == (0, False)


@pytest.mark.parametrize("out", ["in.csv", "no/folder.csv", "out.xlsx"])
def test_a_place_for_the_answers_that_will_not_do_is_refused_at_once(
    batch: Batch, out: str
) -> None:
    file = batch.texts("one")

    with pytest.raises(InputError):
        batch.run(file, out=batch.folder / out)

    assert (batch.asks(), file.read_text()) == (0, "text\none\n")


def test_a_file_that_changes_while_it_is_read_gives_no_answers_file(batch: Batch) -> None:
    file = batch.texts("one")
    batch.lm = ScriptedLM(rule=lambda _: (file.write_text("text\ntwo\n"), {"topic": "billing"})[1])

    with pytest.raises(DatasetError, match="changed while it was read"):
        batch.run(file, out=batch.folder / "out.csv")

    assert not (batch.folder / "out.csv").exists()


def test_a_job_runs_once_at_a_time(batch: Batch) -> None:
    file = batch.texts("one")
    folder = batch.run(file).path.parent

    with batch_lock(folder), pytest.raises(BusyError, match="batch job 'tiny-"):
        batch.run(file)


def test_an_unfinished_job_is_found_with_the_version_it_began_with(batch: Batch) -> None:
    file = batch.texts("one", "two")
    batch.lm = ScriptedLM({"topic": "billing"}, rule=lambda _: lm15.AuthError("no key"))
    with pytest.raises(LMError):
        batch.run(file, chunk=1)
    batches = batch.folder / "batches"
    (manifest,) = batches.glob("*/job.json")
    (sha256,) = {line for line in manifest.read_text().split('"') if len(line) == 64}

    begun = unfinished_job(batches, "tiny", sha256)

    assert begun is not None
    assert (begun.version, begun.chunk) == (3, 1)
    assert unfinished_job(batches, "other", sha256) is None
    batch.lm = ScriptedLM({"topic": "billing"})
    batch.run(file)
    assert unfinished_job(batches, "tiny", sha256) is None


def test_a_plan_counts_and_checks_and_writes_nothing(batch: Batch) -> None:
    file = batch.texts("one", '" "', "two")

    plan = plan_batch(Served(), file, batches=batch.folder / "batches")

    assert (plan.rows, plan.invalid, plan.answered) == (3, 1, 0)
    assert plan.problems == ("row 2, text: is blank (found ' '); fill it in, or make it optional",)
    assert (batch.asks(), (batch.folder / "batches").exists()) == (0, False)
    batch.run(file)
    assert plan_batch(Served(), file, batches=batch.folder / "batches").answered == 2


def test_progress_reaches_the_last_row_and_says_it_once(batch: Batch) -> None:
    told: list[tuple[int, int]] = []

    batch.run(batch.texts("one", "two", "three"), chunk=2, on_progress=lambda *at: told.append(at))

    assert told == [(3, 3)]
