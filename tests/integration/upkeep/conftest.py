"""A home after two real turns, with a text of one user in every place that a home has."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
import pyarrow.parquet as pq
import pytest
from mlflow.tracking._tracking_service import utils

from dspyui_core.lms.opening import configure_cache
from dspyui_core.records import Turn
from dspyui_core.settings import Settings
from dspyui_core.store.journal import Entry
from dspyui_core.turn import TurnRequest, mirror_program
from dspyui_core.upkeep import back_up
from dspyui_core.upkeep.places import move_places
from dspyui_core.workspace import Workspace
from support import tiny
from support.turns import take_turn

SECRET = "my locker code Quxotl-4711 is lost, where is the almanac"
WORD = "Quxotl-4711"
COMMENT = "Vexillor told me so"


@dataclass(frozen=True)
class Desk:
    """A home with a tiny program in it."""

    ws: Workspace
    folder: Path
    program: Path

    def turn(self) -> Turn:
        """A whole turn without Prefect, the mirror first."""
        mirror_program(self.ws, TurnRequest(program=self.program))
        return take_turn(self.ws, self.program)

    def answer(self, text: str, desk: str, user: str) -> str:
        """An answer that its user corrects; returns the trace."""
        said = self.ws.predict("desk", {"text": text}, user_id=user)
        self.ws.feedback.record_feedback(said.trace_id, "thumbs_down", {"desk": desk}, user_id=user)
        return said.trace_id

    def places(self, word: str) -> set[str]:
        """The files of the home in which a word stands in either case, packed ones unpacked."""
        files = (path for path in self.ws.home.rglob("*") if path.is_file())
        needles = {word.lower().encode(), json.dumps(word.lower())[1:-1].encode()}
        return {
            str(path.relative_to(self.ws.home))
            for path in files
            if any(needle in _content(path) for needle in needles)
        }


def workspace(folder: Path, **settings: Any) -> Workspace:
    """The workspace of a home in a folder."""
    given = {"home": folder / "home", "workspace": folder, "user": "maria", **settings}
    return Workspace.open(settings=Settings(**given))


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Path:
    """A folder whose second turn learned from a correction with the secret in it."""
    folder = tmp_path_factory.mktemp("learned")
    (folder / "home" / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, folder / "home" / "mlflow" / "mlflow.db")
    ws = workspace(folder)
    desk = Desk(ws, folder, tiny.write_program(folder))
    assert desk.turn().outcome == "promoted"
    for number, (text, label) in enumerate(tiny.unseen()[:40]):
        desk.answer(text, label, f"user-{number % 4}")
    desk.answer(SECRET, "amber", "ana")
    said = ws.journal.find_prediction(desk.answer(*tiny.unseen()[50], "ben"))
    assert said is not None
    ws.feedback.record_feedback(
        said.trace_id, "thumbs_down", {"desk": "coral"}, COMMENT, user_id="ana"
    )
    assert desk.turn().outcome in ("inconclusive", "refused")
    _keep_copies(ws, said)
    ws.close()
    return folder


@pytest.fixture
def desk(learned: Path, tmp_path: Path) -> Iterator[Desk]:
    """A copy of that home, where nothing a test does is seen by another."""
    with copied(learned, tmp_path / "desk") as opened:
        yield opened


@contextmanager
def copied(source: Path, folder: Path) -> Iterator[Desk]:
    """A copy of a prepared folder, opened."""
    shutil.copytree(source, folder)
    move_places(folder / "home" / "mlflow" / "mlflow.db", source / "home", folder / "home")
    # MLflow remembers by run where its artifacts are, and here several homes have the same runs.
    utils._artifact_repos_cache.clear()
    ws = workspace(folder)
    yield Desk(ws, folder, folder / "desk.yaml")
    ws.close()


def _keep_copies(ws: Workspace, said: Entry) -> None:
    """Where else a home has what was asked: MLflow, an export, a backup, the LM's cache."""
    ws.mirror("desk")
    (ws.home / "exports").mkdir()
    (ws.home / "exports" / "rows.csv").write_text(
        "".join(ws.exporter.export_streaming("desk")), encoding="utf-8"
    )
    back_up(ws)
    configure_cache(ws.home / "lm-cache")
    dspy.cache.put({"model": "x", "messages": [SECRET]}, [SECRET])
    configure_cache(None)


def _content(path: Path) -> bytes:
    if path.suffix != ".parquet":
        return path.read_bytes().lower()
    return repr(pq.read_table(path).to_pylist()).lower().encode()
