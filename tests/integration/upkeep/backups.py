"""Owns what the tests of backup and restore do to homes: moving, deciding, killing, looking."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from dspyui_core.settings import Settings
from dspyui_core.turn import adopt_run
from dspyui_core.upkeep import restore_home, staging
from dspyui_core.workspace import Workspace

Change = Callable[[tarfile.TarInfo, bytes], Iterator[tuple[tarfile.TarInfo, bytes]]]
# Prints what was acknowledged, as soon as it was.
WRITER = """
import itertools, sys
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal, NewFeedback, NewPrediction
journal = Journal(open_engine(sys.argv[1]))
for number in itertools.count():
    trace = f"{sys.argv[2]}-{number}"
    said = NewFeedback(trace, {"rating": "thumbs_up"}, trace, "ann", True)
    answer = {"inputs": {"text": trace}, "outputs": {"desk": "amber"}, "latency_ms": 1.0}
    for entry in journal.append([NewPrediction("desk", trace, answer), said]):
        print(entry.position, flush=True)
"""
DIES = """
import os, signal, sys
from pathlib import Path
from unittest.mock import patch
from dspyui_core.settings import Settings
from dspyui_core.upkeep import back_up, restore_home
from dspyui_core.workspace import Workspace

def dies(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

work, where, file = sys.argv[1:]
with patch(where, dies):
    ws = Workspace(Settings())
    restore_home(ws, Path(file)) if work == "restore" else back_up(ws, Path(file))
"""


def home_at(path: Path) -> Workspace:
    """A workspace at a home that is not opened."""
    return Workspace(Settings(home=path, workspace=path.parent, user="maria"))


def restored_at(home: Path, file: Path) -> Workspace:
    """The home that a backup becomes, opened."""
    restore_home(home_at(home), file)
    return Workspace.open(settings=home_at(home).settings)


@contextmanager
def writing(url: str, *names: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that write to a journal, until the block ends."""
    commands = [[sys.executable, "-c", WRITER, url, name] for name in names]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for command in commands
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def second_version(ws: Workspace) -> None:
    """Make a version of what the second turn compiled, where it is none yet."""
    adopt_run(ws, "desk-0002")


def decide(ws: Workspace) -> int:
    """Let the version serve that does not; returns it."""
    serving = ws.releases.champion("desk")
    other = next(v.version for v in ws.releases.versions("desk") if v.version != serving)
    ws.promote("desk", other, reason="its turn")
    return other


@contextmanager
def once_before(name: str, act: Callable[[], Any]) -> Iterator[list[Any]]:
    """Act once, right before a function of the staging is called first; yields what came of it."""
    original, results = getattr(staging, name), []

    def call(*arguments: Any) -> Any:
        if not results:
            results.append(act())
        return original(*arguments)

    with patch.object(staging, name, call):
        yield results


def killed(work: str, where: str, home: Path, file: Path) -> None:
    """Back up or restore in a process that ends by kill -9 where it first calls `where`."""
    done = subprocess.run(
        [sys.executable, "-c", DIES, work, where, str(file)],
        env={**os.environ, "DSPYUI_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL


def names_in(file: Path) -> list[str]:
    """The members of an archive, in order."""
    with tarfile.open(file) as tar:
        return tar.getnames()


def rewritten(file: Path, change: Change, name: str = "changed") -> Path:
    """A copy of an archive, each member changed to the (info, content) pairs `change` says."""
    copy = file.with_name(f"{name}-{uuid4().hex}.tar")
    with tarfile.open(file) as tar, tarfile.open(copy, "w") as other:
        for member in tar.getmembers():
            stream = tar.extractfile(member)
            content = b"" if stream is None else stream.read()
            for info, data in change(member, content):
                info.size = len(data) if info.isreg() else 0
                other.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return copy
