"""One MLflow on SQLite for the session, and a small saved program."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
import mlflow
import pytest

from dspyui_core import programs
from dspyui_core.mlflow_tracking import experiment, open_client, turn_run
from dspyui_core.spec import ProgramSpec

DEMOS = (
    ("where is my parcel", "shipping"),
    ("the package never arrived", "shipping"),
    ("i want my money back", "refund"),
    ("please refund the order", "refund"),
)


@dataclass(frozen=True)
class MlflowHome:
    """An MLflow of the session's own: a client, its database's URI, and its artifact root."""

    client: Any
    uri: str
    artifacts: str

    def run(self, name: str) -> str:
        """A new run in an experiment of this name."""
        return turn_run(self.client, self.experiment(name), turn_id=f"{name}-0001")

    def experiment(self, name: str) -> str:
        """The experiment of this name."""
        return experiment(self.client, name, self.artifacts)


@dataclass(frozen=True)
class SavedProgram:
    """A program on disk and what it was made of."""

    folder: Path
    spec: ProgramSpec
    digest: str


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> MlflowHome:
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{shutil.copy(mlflow_template, folder / 'mlflow.db')}"
    return MlflowHome(open_client(uri), uri, (folder / "artifacts").as_uri())


_numbers = itertools.count(1)


@pytest.fixture
def name() -> str:
    """A model and experiment name that no other test uses."""
    return f"orders-{next(_numbers)}"


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., SavedProgram]:
    """Save a program that knows the first `demos` of DEMOS."""

    def saved(name: str, *, demos: int = len(DEMOS), **changes: Any) -> SavedProgram:
        spec = order_spec(name, **changes)
        program = programs.build(spec)
        program.predictors()[0].demos = [
            dspy.Example(text=text, topic=topic).with_inputs("text")
            for text, topic in DEMOS[:demos]
        ]
        folder = tmp_path / f"program-{demos}"
        return SavedProgram(folder, spec, programs.save(program, spec, folder))

    return saved


def logging_natively(
    home: MlflowHome, experiment_id: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """MLflow's own logging, synchronous, into this experiment; for a fixture, which ends it."""
    # By the environment: what is set on MLflow itself stays set for the tests that follow.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", experiment_id)
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    mlflow.tracing.reset()
    yield experiment_id
    monkeypatch.undo()
    mlflow.tracing.reset()


def order_spec(name: str, **changes: Any) -> ProgramSpec:
    content = {
        "name": name,
        "signature": {
            "instructions": "Say what a customer's message is about.",
            "inputs": {"text": "str"},
            "outputs": {"topic": {"type": "literal", "values": ["refund", "shipping"]}},
        },
        "dataset": {"sources": ["rows.csv"]},
    }
    return ProgramSpec.model_validate(content | changes)
