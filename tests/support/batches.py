"""Owns a batch of the tiny program: its files, its runs with a scripted LM, and what came out."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dspy

from dspyui_core import programs
from dspyui_core.runner import BatchReport, run_batch_inference
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Journal
from dspyui_core.testing import ScriptedLM, tiny_spec


@dataclass(frozen=True)
class Served:
    """The tiny program as a version."""

    spec: ProgramSpec = field(default_factory=tiny_spec)
    version: int | None = 3

    @property
    def program(self) -> dspy.Module:
        return programs.build(self.spec)


def billing(question: str) -> Any:
    """An LM's rule: everything is about billing."""
    return {"topic": "billing"}


def failing_on(word: str) -> Callable[[str], Any]:
    """A rule that answers in the wrong format where the question has this word."""
    return lambda question: "no format" if word in question else {"topic": "billing"}


@dataclass
class Batch:
    """One folder, journal and LM; `run` is what a user does again and again."""

    folder: Path
    journal: Journal
    lm: ScriptedLM = field(default_factory=lambda: ScriptedLM(rule=billing))

    def write(self, name: str, content: str) -> Path:
        """A data file."""
        path = self.folder / name
        path.write_text(content, encoding="utf-8", newline="")
        return path

    def texts(self, *texts: str, name: str = "in.csv") -> Path:
        """A CSV file with one row a text."""
        return self.write(name, "".join(f"{line}\n" for line in ("text", *texts)))

    def run(self, file: Path, *, served: Served | None = None, **options: Any) -> BatchReport:
        """Answer the file."""
        return run_batch_inference(
            served or Served(),
            file,
            lm=self.lm,
            journal=self.journal,
            batches=self.folder / "batches",
            **options,
        )

    def asks(self) -> int:
        """How often the LM was asked since the last time somebody looked."""
        asked = len(self.lm.heard)
        self.lm.heard.clear()
        return asked


def rows(report: BatchReport) -> list[Mapping[str, Any]]:
    """The rows that were written."""
    with report.path.open(encoding="utf-8", newline="") as stream:
        if report.path.suffix == ".csv":
            return list(csv.DictReader(stream))
        return [json.loads(line) for line in stream]
