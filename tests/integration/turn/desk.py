"""A workspace without MLflow: real state, a registry in memory, no runs."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from sqlalchemy import Engine

from dspyui_core.events import Launcher, Silent
from dspyui_core.promotion import Ledger, Releases
from dspyui_core.records import (
    CandidateRef,
    Comparison,
    DatasetRef,
    Decision,
    Interval,
    Record,
    TurnLM,
)
from dspyui_core.settings import Settings
from dspyui_core.storage import Derived
from dspyui_core.store.journal import Journal
from dspyui_core.store.turns import Turns
from dspyui_core.store.watermarks import Watermarks
from dspyui_core.testing import tiny_rows, tiny_spec
from dspyui_core.turn import Evaluated
from dspyui_core.turn.steps import Snapshot, StepCost
from support.registry import Registry


class Client(Registry):
    """The registry, and at most one run, whose texts are in memory."""

    def search_runs(self, experiments: list[str], **options: Any) -> list[Any]:
        return []

    def create_run(self, experiment: str, **options: Any) -> Any:
        self.written: dict[str, str] = {}
        return self.get_run("run")

    def get_run(self, run_id: str) -> Any:
        data = SimpleNamespace(params={}, inputs=SimpleNamespace(dataset_inputs=()))
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id), data=data, inputs=data.inputs)

    def log_batch(self, run_id: str, **what: Any) -> None:
        pass

    def log_inputs(self, run_id: str, datasets: Any = None, **what: Any) -> None:
        pass

    def log_text(self, run_id: str, text: str, path: str) -> None:
        self.written[path] = text


@dataclass
class Desk:
    """What the steps of a turn use of a workspace, for the one program `p`."""

    engine: Engine
    folder: Path
    client: Client = field(default_factory=Client)
    launcher: Launcher = field(default_factory=Silent)

    def __post_init__(self) -> None:
        self.settings = Settings(home=self.folder, user="maria")
        self.turns, self.journal = Turns(self.engine), Journal(self.engine)
        self.watermarks = Watermarks(self.engine)
        registry: Any = self.client
        self.releases = Releases(Ledger(self.engine), registry, self.watermarks)
        self.snapshots = self.folder / "datasets"
        self.derived = Derived(self.folder)

    def experiment(self, program: str) -> str:
        return "1"

    def turn_folder(self, turn_id: str) -> Path:
        return self.folder / "turns" / turn_id

    def opened(self) -> str:
        """The id of a new turn, opened with made-up inputs."""
        fixed = {"spec_hash": "s", "dataset_version": "d", "identity": "i", "core_version": "c"}
        return self.turns.open("p", feedback_upto=0, champion=None, **fixed).turn_id

    def finished(self, turn_id: str, name: str, ref: Record, **lm: Any) -> None:
        """Record a step as it would have been, at one second each."""
        cost = StepCost(seconds=1.0, lm=TurnLM(**lm))
        content = {"ref": ref.model_dump(mode="json"), "cost": cost.model_dump(mode="json")}
        self.turns.record_step(turn_id, name, content)

    def writes_spec(self, **changes: Any) -> Path:
        """p.yaml beside rows.csv, which holds 96 rows of the tiny program."""
        self.writes_rows(96)
        content = tiny_spec().model_dump(mode="json", include={"signature"})
        base = {"name": "p", "dataset": {"sources": "rows.csv"}, "feedback": {"minimum": 2}}
        path = self.folder / "p.yaml"
        path.write_text(yaml.safe_dump(content | base | changes))
        return path

    def writes_rows(self, count: int) -> Path:
        path = self.folder / "rows.csv"
        with path.open("w", newline="") as stream:
            rows = [(row.inputs["text"], row.labels["topic"]) for row in tiny_rows(count)]
            csv.writer(stream).writerows([("text", "topic"), *rows])
        return path

    def corrects(self, trace: str, text: str, topic: str) -> None:
        """A user corrects an answer about a text."""
        answer = {"inputs": {"text": text}, "outputs": {"topic": "account"}}
        self.journal.append_prediction("p", trace, answer)
        said = {"rating": "thumbs_down", "corrected_output": {"topic": topic}, "comment": None}
        self.journal.append_feedback(trace, said, user_id="ann", authenticated=True, idem_key=trace)


def snapshot(**changes: Any) -> Snapshot:
    """The first step's ref of a dataset of ten rows."""
    dataset = DatasetRef(
        program="p", version="d", rows=10, train=5, validation=2, holdout=3, quarantined=1, parked=0
    )
    values: dict[str, Any] = {
        "spec": tiny_spec(name="p"),
        "dataset": dataset,
        "gold_version": "g",
        "verdict": "pass",
        "champion": None,
        "decided": 0,
        "problems": "",
    }
    return Snapshot(**values | changes)


def evaluated(difference: float = 0.4, half: float = 0.1) -> Evaluated:
    """Scores on the holdout, and the interval of their difference."""
    comparison = Comparison(
        opponent="baseline",
        rows=100,
        opponent_score=0.4,
        candidate_score=0.4 + difference,
        difference=difference,
        low=difference - half,
        high=difference + half,
        confidence=0.95,
        wins=50,
        losses=10,
        deviation=0.5,
        p_value=1e-6 if difference > half else 0.5,
        method="by hand",
    )
    scores = {"baseline": 0.4, "candidate": 0.4 + difference}
    return Evaluated(
        scores=scores,
        failed={"baseline": 0, "candidate": 1},
        comparison=comparison,
        intervals={
            role: Interval(low=score - 0.1, high=score + 0.1) for role, score in scores.items()
        },
    )


def candidate() -> CandidateRef:
    """A candidate in a run."""
    return CandidateRef(digest="c" * 64, run_id="run", optimizer="knn_few_shot")


def decision(verdict: Any = "promote") -> Decision:
    """A decision for one reason."""
    return Decision(verdict=verdict, reasons=("because",))
