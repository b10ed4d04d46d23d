"""Two hosts that share nothing but a PostgreSQL, an S3 server and a Prefect server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets import Reader, load_split
from dspyui_core.records import DatasetRef
from support import tiny
from support.cluster import Cluster, Host, running_cluster, two_workers
from support.home import Finished
from support.object_store import SECRET
from support.postgres import debians
from support.processes import wait_until

DEPLOYMENT = "data-flywheel/data-flywheel"


@dataclass
class Played:
    """A turn whose host was lost in the middle, and what the other hosts did afterwards."""

    cluster: Cluster
    lost: Host
    survivor: Host
    third: Host
    steps_then: dict[str, str]
    steps_now: dict[str, str]
    state: str
    answered: Finished
    both: list[Finished]

    @property
    def told(self) -> list[Finished]:
        """Those of the two commands that were told that a turn is running."""
        return [one for one in self.both if "already running" in one.stderr]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        _deployed(cluster)
        hosts = cluster.host("north"), cluster.host("south")
        with two_workers(*hosts) as workers:
            run = _started(cluster)
            lost = wait_until(
                lambda: next((name for name, (_, w) in workers.items() if w.has(run)), ""), 60
            )
            wait_until(lambda: "snapshot" in cluster.steps(), 60)
            workers[lost][1].kill_tree()
            then = cluster.steps()
            _again(cluster, run)
            state = wait_until(lambda: _ended(cluster, run), 120, interval=0.5)
        third = cluster.host("east")
        survivor = next(host for host in hosts if host.folder.name != lost)
        now = cluster.steps()
        answered, both = _used(third, survivor)
        yield Played(cluster, workers[lost][0], survivor, third, then, now, state, answered, both)


def _deployed(cluster: Cluster) -> None:
    """Deployed from a host that is gone afterwards, so that everybody works in their own copy."""
    office = cluster.host("office")
    done = office.dspyui("deploy", "--json")
    assert done.code == 0, done.stderr
    shutil.rmtree(office.folder)


def _started(cluster: Cluster) -> str:
    found = cluster.ask(f"/deployments/name/{DEPLOYMENT}")
    request = {"request": {"program": "programs/desk.yaml"}}
    run = cluster.ask(f"/deployments/{found['id']}/create_flow_run", {"parameters": request})
    return str(run["id"])


def _again(cluster: Cluster, run: str) -> None:
    """What Retry in the user interface does, and the automation for silent runs after a while."""
    state = {"type": "SCHEDULED", "name": "AwaitingRetry"}
    cluster.ask(f"/flow_runs/{run}/set_state", {"state": state, "force": True})


def _ended(cluster: Cluster, run: str) -> str:
    found = cluster.ask(f"/flow_runs/{run}")
    ended = found["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
    return f"{found['state_name']} {found['state']['message']}" if ended else ""


def _used(third: Host, other: Host) -> tuple[Finished, list[Finished]]:
    """An answer on a host that trained nothing, feedback, and a turn on two hosts at once."""
    answered = third.dspyui("predict", "desk", "--input", "text=Is there a laptop?", "--json")
    with third.here() as ws:
        for text, desk in tiny.unseen()[:12]:
            trace = ws.predict("desk", {"text": text}, user_id="ana").trace_id
            ws.feedback.record_feedback(
                trace, "thumbs_down", corrected_output={"desk": desk}, user_id="ana"
            )
    turn = ("run", "data-flywheel", "--program", "programs/desk.yaml", "--json")
    with ThreadPoolExecutor(2) as pool:
        started = [pool.submit(host.dspyui, *turn) for host in (third, other)]
        return answered, [one.result() for one in started]


def _dataset(cluster: Cluster, number: int) -> DatasetRef:
    ((ref,),) = cluster.query(
        "SELECT s.ref FROM step s JOIN turn t ON t.turn_id = s.turn_id "
        f"WHERE s.name = 'snapshot' AND t.number = {number}"
    )
    content: Any = ref
    return DatasetRef.model_validate(content["ref"]["dataset"])


def test_a_turn_goes_on_where_the_lost_host_left_it(played: Played) -> None:
    cluster = played.cluster

    assert "snapshot" in played.steps_then
    assert "conclude" not in played.steps_then
    assert played.state.startswith("Promoted")
    assert played.steps_now.items() >= played.steps_then.items()
    turns = cluster.query("SELECT turn_id, outcome FROM turn WHERE number = 1")
    assert turns == [("desk-0001", "promoted")]
    assert cluster.query("SELECT version FROM decision WHERE turn_id = 'desk-0001'") == [(1,)]


@pytest.mark.skipif(debians() is None, reason="Prefect needs Debian's PostgreSQL for pg_trgm")
def test_prefect_keeps_its_record_in_postgres(played: Played) -> None:
    name = played.cluster.databases["prefect"].rpartition("/")[2]

    runs = played.cluster.postgres.execute("SELECT state_name FROM flow_run", database=name)

    assert ("Promoted",) in runs


def test_everything_that_another_host_needs_is_in_the_store(played: Played) -> None:
    objects = played.cluster.store.objects()

    version = _dataset(played.cluster, 1).version
    assert f"team/datasets/desk/{version}/manifest.json" in objects
    assert [one for one in objects if one.startswith("team/mlflow/default/desk/")]
    homes = (played.lost, played.survivor, played.third)
    assert not [h for h in homes if (h.path / "datasets").exists() or (h.path / "mlflow").exists()]
    assert not [h for h in homes if (h.path / "state.db").exists()]


def test_the_champion_answers_on_a_host_that_trained_nothing(played: Played) -> None:
    assert played.answered.code == 0, played.answered.stderr
    assert played.answered.json["version"] == 1
    assert played.answered.json["outputs"]["desk"] in tiny.LABELS


def test_of_two_hosts_one_takes_the_turn_and_the_other_is_told(played: Played) -> None:
    (told,) = played.told
    (taken,) = [one for one in played.both if one is not told]

    assert told.code == 1
    assert "a turn of 'desk' is already running (dspyui " in told.stderr
    assert taken.json["turn"] == "desk-0002"
    assert taken.json["outcome"] != "failed"
    turns = played.cluster.query("SELECT turn_id FROM turn ORDER BY number")
    assert turns == [("desk-0001",), ("desk-0002",)]


def test_a_dataset_version_is_read_where_it_was_not_written(played: Played) -> None:
    first, second = _dataset(played.cluster, 1), _dataset(played.cluster, 2)

    with played.third.here() as ws:
        train = load_split(ws.snapshots, first, "train", reader=Reader.OPTIMIZER)
        grown = load_split(ws.snapshots, second, "train", reader=Reader.OPTIMIZER)

    assert len(train) == first.train
    assert {row.key for row in train} < {row.key for row in grown}
    assert second.feedback_rows == 12


def test_no_secret_of_the_store_stands_anywhere(played: Played) -> None:
    told = [one.stdout + one.stderr for one in (played.answered, *played.both)]
    logs = [p.read_text(errors="replace") for p in played.cluster.folder.rglob("*.log")]
    stored = [p.read_text(errors="replace") for p in _files(played.cluster.store.folder)]
    state = played.cluster.query("SELECT ref::text FROM step")
    runs = played.cluster.ask("/flow_runs/filter", {"limit": 50})

    assert not [text for text in (*told, *logs, *stored, str(state), str(runs)) if SECRET in text]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
