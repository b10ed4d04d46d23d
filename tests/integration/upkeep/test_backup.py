"""A backup is the whole home of one moment, taken while others write to it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dspyui_core.errors import InputError
from dspyui_core.mlflow_registry import set_alias
from dspyui_core.mlflow_tracking import existing_run, turn_run
from dspyui_core.upkeep import back_up, plan_backup, restore_home
from integration.upkeep.backups import (
    decide,
    home_at,
    killed,
    names_in,
    once_before,
    restored_at,
    second_version,
    writing,
)
from integration.upkeep.conftest import Desk, workspace
from support.stored_home import made_of
from support.tiny import unseen


def test_a_restored_home_gives_the_same_fold_decisions_exports_and_answers(
    desk: Desk, tmp_path: Path
) -> None:
    desk.ws.exporter.acknowledge("desk", "crm", desk.ws.journal.last_position() - 30)
    made = made_of(desk.ws, desk.program)
    backup = back_up(desk.ws, tmp_path / "a.tar")
    asked = [{"text": text} for text, _ in unseen()[:20]]
    answers = [desk.ws.predict("desk", inputs).outputs for inputs in asked]
    _goes_away(desk)

    restored = restore_home(home_at(tmp_path / "ein anderer Ort – 別" / "home"), backup.path)

    ws = workspace(restored.home.parent)
    assert made_of(ws, desk.program) == made
    assert [ws.predict("desk", inputs).outputs for inputs in asked] == answers
    assert restored.serves and len(restored.champions) == 1
    assert desk.program.exists() and not desk.ws.home.exists()
    ws.close()


def test_the_loop_goes_on_in_a_restored_home(desk: Desk, tmp_path: Path) -> None:
    before = desk.turn()
    backup = back_up(desk.ws, tmp_path / "a.tar")
    _goes_away(desk)

    restored = restore_home(home_at(tmp_path / "new" / "home"), backup.path)

    ws = workspace(restored.home.parent)
    moved = Desk(ws, restored.home.parent, desk.program)
    assert before.outcome == "nothing-new"
    assert moved.turn().outcome == "nothing-new"
    for number, (text, label) in enumerate(unseen()[40:60]):
        moved.answer(text, label, f"new-{number}")
    assert moved.turn().turn == "desk-0003"
    assert ws.releases.hold("desk") == ""
    ws.close()


def test_what_was_acknowledged_before_a_backup_began_is_in_it_while_two_processes_write(
    desk: Desk, tmp_path: Path
) -> None:
    with writing(desk.ws.settings.store_url(), "a", "b") as writers:
        acknowledged = max(int(w.stdout.readline()) for w in writers for _ in range(40) if w.stdout)
        backup = back_up(desk.ws, tmp_path / "a.tar")
        assert [writer.poll() for writer in writers] == [None, None]

    last = backup.contents.position
    ws = restored_at(tmp_path / "new" / "home", backup.path)
    assert last >= acknowledged
    assert list(ws.journal.since(0)) == list(desk.ws.journal.since(0, upto=last))
    # Each writer appends an answer and what is said about it together.
    assert backup.contents.feedback == ws.journal.count(kind="feedback")
    own = [entry for entry in ws.journal.since(0) if entry.trace_id[:2] in ("a-", "b-")]
    assert len(own) == 2 * len({entry.trace_id for entry in own})


def test_a_decision_after_the_states_moment_is_not_taken_for_a_move_by_hand(
    desk: Desk, tmp_path: Path
) -> None:
    second_version(desk.ws)
    before = desk.ws.releases.champion("desk")

    with once_before("_copy_mlflow", lambda: decide(desk.ws)) as decided:
        backup = back_up(desk.ws, tmp_path / "a.tar")

    ws = restored_at(tmp_path / "new" / "home", backup.path)
    assert decided != [before]
    assert ws.releases.champion("desk") == before
    assert ws.releases.hold("desk") == ""


def test_a_decision_before_the_aliases_are_read_is_not_taken_for_a_move_by_hand(
    desk: Desk, tmp_path: Path
) -> None:
    second_version(desk.ws)

    with once_before("_aliases", lambda: decide(desk.ws)) as decided:
        backup = back_up(desk.ws, tmp_path / "a.tar")

    ws = restored_at(tmp_path / "new" / "home", backup.path)
    assert ws.releases.champion("desk") == decided[0] == backup.contents.champions["desk"]
    assert ws.releases.hold("desk") == ""


def test_an_alias_that_was_moved_by_hand_is_still_so_when_restored(
    desk: Desk, tmp_path: Path
) -> None:
    second_version(desk.ws)
    serving = desk.ws.releases.champion("desk")
    versions = {version.version for version in desk.ws.releases.versions("desk")}
    other = (versions - {serving}).pop()
    set_alias(desk.ws.client, "desk", "champion", other)

    ws = restored_at(tmp_path / "new" / "home", back_up(desk.ws, tmp_path / "a.tar").path)

    assert f"moved by hand to version {other}" in ws.releases.hold("desk")


def test_a_turn_after_the_states_moment_has_no_run_in_the_backup(
    desk: Desk, tmp_path: Path
) -> None:
    experiment = desk.ws.experiment("desk")

    with once_before(
        "_copy_mlflow", lambda: turn_run(desk.ws.client, experiment, turn_id="desk-0003")
    ):
        backup = back_up(desk.ws, tmp_path / "a.tar")

    ws = restored_at(tmp_path / "new" / "home", backup.path)
    assert existing_run(ws.client, experiment, turn_id="desk-0003") is None
    assert existing_run(ws.client, experiment, turn_id="desk-0002") is not None


def test_positions_that_were_given_during_a_backup_are_not_given_again(
    desk: Desk, tmp_path: Path
) -> None:
    journal = desk.ws.journal

    with once_before(
        "_copy_mlflow", lambda: journal.append_prediction("desk", "late", {"inputs": {}}).position
    ) as given:
        backup = back_up(desk.ws, tmp_path / "a.tar")

    ws = restored_at(tmp_path / "new" / "home", backup.path)
    assert ws.journal.last_position() == backup.contents.position == given[0] - 1
    assert ws.journal.append_prediction("desk", "new", {"inputs": {}}).position == given[0] + 1


def test_a_backup_has_the_state_and_leaves_out_what_a_home_can_do_without(
    desk: Desk, tmp_path: Path
) -> None:
    home = desk.ws.home
    kept = ("exports/crm.jsonl", "exports/stack.json")
    left = (
        *("lm-cache/x", "prefect/p.db", "locks/l", "backups/old.tar", "logs/w.log", "stack.json"),
        "derived/near/p/manifest.json",
    )
    for name in (*kept, *left):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text("x")
    (home / "state.db.before-0002").write_text("x")

    made = back_up(desk.ws, tmp_path / "a.tar")

    names = names_in(made.path)
    assert names[:2] == ["home/state.db", "home/mlflow/mlflow.db"]
    assert names[-1] == "manifest.json"
    assert {name.split("/")[1] for name in names[:-1]} == {
        "state.db",
        "mlflow",
        "datasets",
        "exports",
    }
    assert not [name for name in names if name.endswith(("-wal", "-shm", ".lock"))]
    assert made.files == len(names) - 1


def test_what_a_home_keeps_behind_a_link_is_in_its_backup(desk: Desk, tmp_path: Path) -> None:
    datasets = desk.ws.home / "datasets"
    shutil.move(datasets, tmp_path / "bigger disk")
    datasets.symlink_to(tmp_path / "bigger disk")

    made = back_up(desk.ws, tmp_path / "a.tar")

    assert any(name.startswith("home/datasets/desk/") for name in names_in(made.path))


def test_a_backup_without_a_name_is_named_by_its_time_in_the_home(desk: Desk) -> None:
    at = datetime(2025, 5, 1, 12, 30, tzinfo=UTC)

    plan = plan_backup(desk.ws, at=at)
    made = back_up(desk.ws, at=at)

    assert made.path == plan.path == desk.ws.home / "backups" / "2025-05-01T12-30-00Z.tar"
    assert made.files == plan.files
    assert made.path.is_file()
    assert _hidden(made.path.parent) == []


def test_no_backup_is_overwritten(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("mine")

    with pytest.raises(InputError, match=r"a\.tar exists"):
        back_up(desk.ws, tmp_path / "a.tar")

    assert (tmp_path / "a.tar").read_text() == "mine"


def test_a_file_that_comes_while_a_backup_is_made_is_not_overwritten(
    desk: Desk, tmp_path: Path
) -> None:
    target = tmp_path / "a.tar"

    with (
        once_before("_copy_mlflow", lambda: target.write_text("mine")),
        pytest.raises(InputError, match=r"a\.tar exists"),
    ):
        back_up(desk.ws, target)

    assert target.read_text() == "mine"


@pytest.mark.parametrize(
    ("place", "says"),
    [("home/b.tar", "part of the next backup"), ("nowhere/b.tar", "there is no folder")],
)
def test_a_place_where_no_backup_belongs_is_refused(desk: Desk, place: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        back_up(desk.ws, desk.folder / place)


def test_where_there_is_no_home_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no home to back up"):
        back_up(home_at(tmp_path / "none"))

    assert not (tmp_path / "none").exists()


def test_a_state_database_elsewhere_is_refused_with_its_address_and_without_its_password(
    desk: Desk, tmp_path: Path
) -> None:
    store = {"url": "postgresql+psycopg://dspyui:geheim@db/state"}
    ws = workspace(desk.folder, store=store)

    with pytest.raises(InputError, match="the state database: is elsewhere") as caught:
        back_up(ws, tmp_path / "a.tar", partial=True)

    assert "pg_dump" in caught.value.hint
    assert "geheim" not in str(caught.value)
    assert not (tmp_path / "a.tar").exists()


def test_a_home_whose_state_is_elsewhere_is_told_that_and_not_that_it_is_missing(
    tmp_path: Path,
) -> None:
    ws = workspace(tmp_path / "fresh", store={"url": "postgresql://dspyui@db/state"})

    with pytest.raises(InputError, match="the state database: is elsewhere"):
        plan_backup(ws)


def test_dataset_versions_elsewhere_are_left_out_only_where_that_is_asked_for_and_told(
    desk: Desk, tmp_path: Path
) -> None:
    ws = workspace(desk.folder, storage={"artifacts": "s3://flywheel/team"})

    with pytest.raises(InputError, match="the dataset versions: is elsewhere") as caught:
        back_up(ws, tmp_path / "a.tar")
    made = back_up(ws, tmp_path / "a.tar", partial=True)

    assert "object store" in caught.value.hint
    assert made.elsewhere == ("the dataset versions: s3://flywheel/team/datasets",)


def test_an_mlflow_elsewhere_is_left_out_only_where_that_is_asked_for_and_told(
    desk: Desk, tmp_path: Path
) -> None:
    away = {"tracking_uri": "http://mlflow.example:5000"}
    ws = workspace(desk.folder, mlflow=away)

    with pytest.raises(InputError, match="MLflow: is elsewhere"):
        back_up(ws, tmp_path / "a.tar")

    made = back_up(ws, tmp_path / "a.tar", partial=True)
    assert made.elsewhere == ("MLflow: http://mlflow.example:5000",)


def test_artifacts_outside_of_the_home_are_refused(desk: Desk, tmp_path: Path) -> None:
    with closing(sqlite3.connect(desk.ws.home / "mlflow" / "mlflow.db")) as connection, connection:
        connection.execute("update model_versions set storage_location = 's3://bucket/x'")

    with pytest.raises(InputError, match="s3://bucket/x"):
        back_up(desk.ws, tmp_path / "a.tar")


def test_a_killed_backup_leaves_no_file_that_looks_whole_and_the_next_one_clears_up(
    desk: Desk,
) -> None:
    backups = desk.ws.home / "backups"
    target = backups / "a.tar"
    killed("backup", "dspyui_core.upkeep.backup._publish", desk.ws.home, target)
    assert not target.exists()
    assert _hidden(backups) != []

    made = back_up(desk.ws, target)

    assert names_in(made.path)[-1] == "manifest.json"
    assert _hidden(backups) == []


def _hidden(folder: Path) -> list[Path]:
    """What a backup writes to before there is one."""
    return list(folder.glob(".*"))


def _goes_away(desk: Desk) -> None:
    """Take the home away, so that nothing can be read where it was."""
    desk.ws.close()
    desk.ws.home.rename(desk.folder / "gone")
