"""Opening: a new turn, the open one again, or a word on why there is nothing to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import Reader, load_split
from dspyui_core.errors import DatasetError, SpecError
from dspyui_core.mlflow_tracking import DATA_PAGE
from dspyui_core.turn import Opened, TurnRequest, finish, open_turn, request_spec
from integration.turn.desk import Desk

NEW = ("the lorry lost my sofa", "somebody stole the package", "my basket never arrived")


@pytest.fixture
def ws(engine: Engine, tmp_path: Path) -> Any:
    return Desk(engine, tmp_path)


def opened(ws: Any, **changes: Any) -> Opened:
    return open_turn(ws, TurnRequest(program=ws.writes_spec(**changes)))


def again(ws: Any) -> Opened:
    return open_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))


def closed(ws: Any, **changes: Any) -> str:
    turn_id = opened(ws, **changes).turn_id
    finish(ws, turn_id, "refused")
    return turn_id


def test_the_first_turn_opens_with_its_dataset_split_and_kept(ws: Any) -> None:
    found = opened(ws)

    dataset = found.dataset
    assert (found.turn_id, found.resumed, found.report) == ("p-0001", False, None)
    assert dataset is not None
    assert dataset.train + dataset.validation + dataset.holdout == dataset.rows > 80
    assert (ws.snapshots / "p" / dataset.version).is_dir()


def test_the_same_command_resumes_the_open_turn_and_later_feedback_waits(ws: Any) -> None:
    first = opened(ws)
    for number, text in enumerate(NEW):
        ws.corrects(f"tr-{number}", text, "delivery")

    second = again(ws)

    assert (second.turn_id, second.resumed, second.dataset) == ("p-0001", True, first.dataset)


def test_a_turn_that_died_before_its_first_step_is_resumed_with_its_inputs(
    ws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("dspyui_core.turn.opening.settle_data", dies)
        opened(ws)
    ws.corrects("tr-1", NEW[0], "delivery")

    found = again(ws)

    assert (found.turn_id, found.resumed) == ("p-0001", True)
    assert found.dataset is not None
    assert (found.dataset.feedback_rows, found.dataset.feedback_upto) == (0, 0)


@pytest.mark.parametrize("change", [{"seed": 5}, {"metric": "similarity"}])
def test_a_changed_spec_abandons_the_open_turn_and_opens_another(
    change: dict[str, Any], ws: Any
) -> None:
    opened(ws)

    found = opened(ws, **change)

    assert (found.turn_id, found.resumed) == ("p-0002", False)
    assert ws.turns.get("p-0001").outcome == "abandoned"


def test_a_new_description_changes_nothing(ws: Any) -> None:
    opened(ws)

    assert opened(ws, description="other words").resumed


@pytest.mark.parametrize("outcome", ["promoted", "refused", "inconclusive"])
def test_the_same_inputs_as_the_last_turn_are_nothing_new_whatever_it_came_to(
    outcome: Any, ws: Any
) -> None:
    finish(ws, opened(ws).turn_id, outcome)

    report = again(ws).report

    assert report is not None
    assert (report.outcome, report.turn, report.lm.calls) == ("nothing-new", "p-0001", 0)
    assert f"which ended {outcome}" in report.message
    assert ws.turns.open_turn_of("p") is None


def test_too_little_feedback_says_how_much_is_missing(ws: Any) -> None:
    closed(ws)
    ws.corrects("tr-1", NEW[0], "delivery")

    report = again(ws).report

    assert report is not None
    assert report.message == "1 new feedback rows since turn p-0001; 1 more are needed"


def test_enough_feedback_opens_a_turn_that_takes_it_in(ws: Any) -> None:
    closed(ws)
    for number, text in enumerate(NEW):
        ws.corrects(f"tr-{number}", text, "delivery")

    found = again(ws)

    assert found.turn_id == "p-0002"
    assert found.dataset is not None
    assert (found.dataset.feedback_rows, found.dataset.feedback_upto) == (3, 6)


def test_feedback_that_nearly_meets_the_holdout_does_not_count(ws: Any) -> None:
    first = opened(ws)
    assert first.dataset is not None
    finish(ws, first.turn_id, "refused")
    holdout = load_split(ws.snapshots, first.dataset, "holdout", reader=Reader.COMPARISON)
    for number, row in enumerate(holdout[:4]):
        ws.corrects(f"tr-{number}", f"{row.inputs['text']} !!", "billing")

    report = again(ws).report

    assert report is not None
    assert report.message.startswith("0 new feedback rows")


def test_more_rows_in_the_users_own_file_need_no_feedback(ws: Any) -> None:
    ws.writes_spec()
    ws.writes_rows(90)
    finish(ws, again(ws).turn_id, "refused")
    ws.writes_rows(96)

    assert again(ws).turn_id == "p-0002"


def test_an_abandoned_turn_does_not_count_as_the_last_one(ws: Any) -> None:
    finish(ws, opened(ws).turn_id, "abandoned")

    assert again(ws).turn_id == "p-0002"


def test_too_few_rows_block_the_turn_and_say_so(ws: Any) -> None:
    ws.writes_spec()
    ws.writes_rows(6)

    report = again(ws).report

    assert report is not None
    assert (report.outcome, report.model_version) == ("blocked", None)
    assert ws.turns.open_turn_of("p") is None
    assert report.message
    assert "The data is blocked" in ws.client.written[DATA_PAGE]
    assert not (ws.snapshots / "p").exists()


def test_a_spec_that_cannot_work_opens_nothing(ws: Any) -> None:
    wrong = {"name": "exact_match", "options": {"fields": ["topc"]}}

    with pytest.raises(SpecError, match="topc"):
        opened(ws, metric=wrong)

    assert ws.turns.history("p") == ()


def test_a_data_file_that_is_not_there_opens_nothing(ws: Any) -> None:
    with pytest.raises(DatasetError):
        opened(ws, dataset={"sources": "nowhere.csv"})

    assert ws.turns.history("p") == ()


def test_a_given_data_file_replaces_the_sources(tmp_path: Path, ws: Any) -> None:
    request = TurnRequest(program=ws.writes_spec(), data=tmp_path / "other.csv")

    assert [s.path for s in request_spec(request).dataset.sources] == [tmp_path / "other.csv"]
