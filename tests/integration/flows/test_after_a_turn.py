"""What a turn leaves behind: answers that lead back to rows, versions that a file can score."""

from __future__ import annotations

import pytest

from dspyui_core.errors import DatasetError, InputError, ModelNotFoundError, TraceNotFoundError
from dspyui_core.turn import adopt_run, answer_lineage, score_file, turn_details
from flows.data_flywheel import data_flywheel
from support import tiny


def test_an_answer_leads_to_its_version_its_turn_and_the_rows_in_its_prompt(desk):
    turn = data_flywheel(desk.request)
    text, label = tiny.unseen()[0]
    answer = desk.ws.predict("desk", {"text": text})

    found = answer_lineage(desk.ws, answer.trace_id)

    assert (found.version, found.turn) == (1, turn.turn)
    assert found.dataset_version == turn.dataset.version
    assert found.run_id == desk.ws.client.get_model_version("desk", "1").run_id
    assert len(found.demos) == 8
    rows = dict(tiny.rows())
    assert all(rows[demo.inputs["text"]] == demo.labels["desk"] for demo in found.demos)
    assert {demo.trust for demo in found.demos} == {"gold"}
    numbered = tiny.rows()
    assert all(numbered[d.data_row - 1][0] == d.inputs["text"] for d in found.demos)
    assert found.demos[0].labels["desk"] == label


def test_a_row_that_a_user_corrected_names_the_user_and_what_was_answered(desk):
    data_flywheel(desk.request)
    for text, label in tiny.unseen():
        asked = desk.ws.predict("desk", {"text": text})
        wrong = asked.outputs["desk"] != label
        said = ("thumbs_down", {"desk": label}) if wrong else ("thumbs_up", None)
        desk.ws.feedback.record_feedback(asked.trace_id, *said, user_id="ana")
    # Whatever the gate says of it, the candidate may be asked by hand.
    second = data_flywheel(desk.request)
    version = second.model_version or adopt_run(desk.ws, second.turn).version
    answer = desk.ws.predict("desk", {"text": tiny.unseen()[3][0]}, version=version)

    demos = answer_lineage(desk.ws, answer.trace_id).demos

    said = [demo for demo in demos if demo.trace_id]
    assert said
    for demo in said:
        prediction = desk.ws.journal.prediction(demo.trace_id)
        assert demo.user_id == "ana"
        assert prediction.payload["inputs"] == demo.inputs
        assert prediction.payload["outputs"] == demo.answered
        assert demo.corrected == (demo.answered != demo.labels)


def test_an_unknown_trace_has_no_lineage(desk):
    with pytest.raises(TraceNotFoundError):
        answer_lineage(desk.ws, "tr-" + "0" * 32)


def test_an_answer_of_no_version_has_no_lineage(desk):
    payload = {"inputs": {"text": "x"}, "outputs": {"desk": "amber"}}
    desk.ws.journal.append_prediction("desk", "tr-own", payload)

    with pytest.raises(InputError, match="no registered version"):
        answer_lineage(desk.ws, "tr-own")


def test_a_version_of_another_home_has_no_lineage_here(desk):
    turn = data_flywheel(desk.request)
    answer = desk.ws.predict("desk", {"text": "hello"})
    desk.ws.client.set_model_version_tag("desk", "1", "dspyui.turn", "desk-0099")

    with pytest.raises(InputError, match="no turn of this home"):
        answer_lineage(desk.ws, answer.trace_id)

    assert turn.turn != "desk-0099"


def test_a_file_scores_a_version_and_nothing_is_recorded(desk):
    turn = data_flywheel(desk.request)
    rows = [*tiny.unseen(), tiny.unseen()[0], ("no such desk", "zebra")]
    file = tiny.write_csv(desk.folder / "test.csv", rows)
    before = desk.ws.journal.last_position()

    found = score_file(desk.ws, "desk", file)

    assert (found.version, found.rows, found.skipped, found.failed) == (1, 64, 2, 0)
    assert found.score == pytest.approx(sum(a.score for a in found.answers) / 64)
    assert found.interval.low <= found.score <= found.interval.high
    assert all((a.outputs == a.labels) == (a.score == 1) for a in found.answers)
    assert desk.ws.journal.last_position() == before
    assert data_flywheel(desk.request).turn == turn.turn


def test_a_file_without_a_fitting_row_is_an_error_that_says_where_to_look(desk):
    data_flywheel(desk.request)
    file = tiny.write_csv(desk.folder / "test.csv", [("no such desk", "zebra")])

    with pytest.raises(DatasetError, match="no row") as caught:
        score_file(desk.ws, "desk", file)

    assert "dataset check" in caught.value.hint


def test_a_version_that_does_not_exist_cannot_be_scored(desk):
    file = tiny.write_csv(desk.folder / "test.csv", tiny.unseen())

    with pytest.raises(ModelNotFoundError):
        score_file(desk.ws, "desk", file)


def test_the_details_of_a_turn_have_what_its_report_leaves_out(desk):
    tiny.write_csv(desk.folder / "rows.csv", [*tiny.rows(), ("", "amber")])
    turn = data_flywheel(desk.request)

    details = turn_details(desk.ws, turn.turn)

    assert details.dataset.version == turn.dataset.version
    assert [(row.row, row.column) for row in details.quarantined] == [(161, "text")]
    assert details.candidate.optimizer == "knn_few_shot"
    assert details.evaluated.scores["candidate"] == turn.scores.candidate
    low, high = (getattr(details.evaluated.intervals["candidate"], end) for end in ("low", "high"))
    assert low <= turn.scores.candidate <= high


def test_a_turn_that_was_blocked_has_details_as_far_as_it_came(desk):
    tiny.write_csv(desk.folder / "rows.csv", [("one row", "amber")])

    details = turn_details(desk.ws, data_flywheel(desk.request).turn)

    assert details.dataset is not None
    assert details.evaluated is None
