"""Owns a small cluster: one PostgreSQL, one S3 server, one Prefect server, and hosts that use them.

A host is a home and a copy of the workspace of its own; all of its commands are processes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

from dspyui_core.mlflow_tracking import open_client
from dspyui_core.settings import Settings
from dspyui_core.store.engine import open_engine
from dspyui_core.workspace import Workspace
from support import tiny
from support.home import Home
from support.object_store import ObjectStore, running_object_store
from support.postgres import Postgres, debians, running_postgres
from support.prefect_process import prefect_process
from support.workers import Worker, start_worker

# Long enough to be killed in, on any machine.
SLOW = {"name": "random_search", "options": {"candidates": 6}}


@dataclass(frozen=True)
class Host(Home):
    """A machine of the cluster."""

    shared: Any = None

    def environment(self, **extra: str) -> dict[str, str]:
        """What its commands see: its own folders, and where everything else is."""
        own = {"DSPYUI_WORKSPACE": str(self.folder), **(self.shared or {})}
        return super().environment(**(own | extra))

    @contextmanager
    def here(self) -> Iterator[Workspace]:
        """The workspace of this host, opened in this process."""
        environment = self.environment()
        known = {k: v for k, v in environment.items() if k.startswith(("DSPYUI_", "AWS_"))}
        with patch.dict("os.environ", known):
            ws = Workspace.open(settings=Settings.read())
            yield ws
            ws.close()


@dataclass(frozen=True)
class Cluster:
    """Everything that the hosts share."""

    folder: Path
    postgres: Postgres
    store: ObjectStore
    prefect_url: str
    databases: dict[str, str]

    def host(self, name: str) -> Host:
        """A machine with a fresh home and its own copy of the programs."""
        folder = self.folder / name
        (folder / "programs").mkdir(parents=True)
        tiny.write_program(folder / "programs", optimizer=SLOW)
        home = folder / "home"
        home.mkdir()
        return Host(home, folder, self.prefect_url, shared=self.settings())

    def settings(self) -> dict[str, str]:
        """The settings of every host."""
        return {
            "DSPYUI_STORE__URL": self.databases["state"],
            "DSPYUI_MLFLOW__TRACKING_URI": self.databases["mlflow"],
            "DSPYUI_STORAGE__ARTIFACTS": self.store.url,
            **self.store.environment(),
        }

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the state database."""
        name = self.databases["state"].rpartition("/")[2]
        return self.postgres.execute(statement, database=name)

    def steps(self) -> dict[str, str]:
        """The finished steps of the first turn, with the time of each."""
        rows = self.query("SELECT name, at FROM step ORDER BY at")
        return {str(name): str(at) for name, at in rows}

    def ask(self, path: str, question: Any = None) -> Any:
        """What Prefect's API answers; a question is posted."""
        data = None if question is None else json.dumps(question).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.prefect_url}{path}", data, headers), timeout=30) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster with empty, migrated databases and one bucket while the block runs.

    Prefect needs an extension that only Debian's PostgreSQL has; without it, it uses SQLite.
    """
    programs = debians()
    has_all = programs is not None
    with running_postgres(programs) as postgres, running_object_store(folder) as store:
        names = {what: postgres.create() for what in ("state", "mlflow", "prefect")}
        databases = {what: postgres.url(name) for what, name in names.items()}
        prefect = databases["prefect"] if has_all else None
        with _prefect(folder, prefect) as url, ThreadPoolExecutor(1) as pool:
            # One after the other: of Alembic's migrations a process can run one at a time.
            state = pool.submit(lambda: open_engine(databases["state"]).dispose())
            mlflow = Settings.model_validate({"mlflow": {"tracking_uri": databases["mlflow"]}})
            record = pool.submit(lambda: open_client(mlflow.tracking_uri()).search_experiments())
            state.result()
            record.result()
            yield Cluster(folder, postgres, store, url, databases)


@contextmanager
def two_workers(one: Host, other: Host) -> Iterator[dict[str, tuple[Host, Worker]]]:
    """A worker on each of two hosts, by name; both trees are gone afterwards."""
    with ThreadPoolExecutor(2) as pool:
        starting = {
            host.folder.name: (
                host,
                pool.submit(start_worker, host, host.prefect_url, host.folder.name),
            )
            for host in (one, other)
        }
    started = {name: (host, worker.result()) for name, (host, worker) in starting.items()}
    try:
        yield started
    finally:
        for _, worker in started.values():
            worker.kill_tree()


@contextmanager
def _prefect(folder: Path, database: str | None) -> Iterator[str]:
    """A Prefect server over a PostgreSQL database, or a SQLite file of its own."""
    home = Home(folder / "prefect-host", folder)
    home.path.mkdir()
    own = {}
    if database is not None:
        address = database.replace("://", "+asyncpg://")
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = address
    with prefect_process(home.path, home.environment(**own), kind="bare") as url:
        yield url
