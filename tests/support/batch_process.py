"""Owns a batch job in a process of its own: `python batch_process.py FOLDER [SECONDS]`.

It answers FOLDER/in.csv with a program that notes every call in FOLDER/calls.txt, takes SECONDS
for each, and calls no LM. At its end it prints its report and its peak memory in KB.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import dspy

from dspyui_core.runner import run_batch_inference
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
from dspyui_core.testing import ScriptedLM, tiny_spec

CHUNK = 40


class Noting(dspy.Module):
    """Answers `billing`, and notes what it was asked."""

    def __init__(self, calls: Path, seconds: float) -> None:
        super().__init__()
        self.calls = os.open(calls, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.seconds = seconds

    def forward(self, text: str) -> dspy.Prediction:
        """One line of less than a page, so that it is written whole."""
        os.write(self.calls, f"{text[:100]}\n".encode())
        time.sleep(self.seconds)
        return dspy.Prediction(topic="billing")


@dataclass(frozen=True)
class Served:
    """The noting program as a version."""

    program: dspy.Module
    spec: ProgramSpec
    version: int | None = 1


def main(folder: Path, seconds: float = 0.0) -> None:
    """Run the job, or go on with it."""
    report = run_batch_inference(
        Served(Noting(folder / "calls.txt", seconds), tiny_spec()),
        folder / "in.csv",
        lm=ScriptedLM(),
        journal=Journal(open_engine(f"sqlite:///{folder / 'state.db'}")),
        batches=folder / "batches",
        out=folder / "out.csv",
        threads=4,
        chunk=CHUNK,
    )
    print(json.dumps({"report": report.model_dump(mode="json"), "peak": peak_memory()}))


def peak_memory() -> int:
    """In KB. Not ru_maxrss, which on Linux begins with what the parent had at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
