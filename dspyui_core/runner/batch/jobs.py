"""A batch job's folder: who answers which file, and the results of every finished chunk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from dspyui_core.errors import StoreError
from dspyui_core.files import write_pieces
from dspyui_core.records import Record

Status = Literal["ok", "invalid", "error"]
MANIFEST = "job.json"


class Job(Record):
    """A file on its way through one version of a program; `attempt` counts from 1.

    Its id comes from the program, the version and the file's content: who asks for the same again
    goes on with the same job.
    """

    job: str
    program: str
    version: int | None
    file: str
    sha256: str
    rows: int
    chunk: int
    attempt: int = 1
    finished: bool = False

    @classmethod
    def of(
        cls, program: str, version: int | None, *, file: str, sha256: str, rows: int, chunk: int
    ) -> Job:
        """A job that has not begun."""
        return cls(
            job=_digest(program, version, sha256)[:12],
            program=program,
            version=version,
            file=file,
            sha256=sha256,
            rows=rows,
            chunk=chunk,
        )

    @property
    def chunks(self) -> int:
        """How many chunks its rows are in."""
        return -(-self.rows // self.chunk)

    def trace_id(self, row: int, attempt: int) -> str:
        """The trace id of one row's answer: the same, however often the job is resumed."""
        return f"tr-{_digest(self.job, row, attempt)[:32]}"


class RowResult(Record):
    """What became of one row, by its 1-based number; `trace_id` None means nobody was asked."""

    row: int
    status: Status
    trace_id: str | None = None
    attempt: int = 1
    outputs: Mapping[str, Any] = Field(default_factory=dict)
    error: str = ""
    latency_ms: float = 0.0
    calls: int = 0
    usd: float | None = 0.0


class Part(Record):
    """Some chunks of a job, by their numbers, that are answered elsewhere; refs only."""

    job: Job
    file: Path
    numbers: tuple[int, ...]


class PartAnswered(Record):
    """A part whose chunks are kept; `asked` rows were asked for it."""

    asked: int


class JobFolder:
    """The files of one job: a manifest, and one file per finished chunk."""

    def __init__(self, batches: Path, job: Job) -> None:
        """The folder of a job among all batch jobs; nothing is made yet."""
        self.path = batches / f"{job.program}-{job.job}"

    def job(self) -> Job | None:
        """The manifest; None where the job never began."""
        path = self.path / MANIFEST
        return _read_job(path) if path.exists() else None

    def keep(self, job: Job) -> Job:
        """Write the manifest."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_pieces([job.model_dump_json(indent=2), "\n"], self.path / MANIFEST)
        return job

    def chunk(self, number: int) -> tuple[RowResult, ...] | None:
        """The results of a chunk, counted from 1; None where it is not finished."""
        path = self._chunk_path(number)
        if not path.exists():
            return None
        with path.open(encoding="utf-8", newline="\n") as lines:
            return tuple(RowResult.model_validate_json(line) for line in lines)

    def keep_chunk(self, job: Job, number: int, results: Sequence[RowResult]) -> None:
        """Write the results of a chunk; the file appears whole or not at all."""
        if not (self.path / MANIFEST).exists():
            # A job that never had an answer fixes nothing: neither the version nor the chunk.
            self.keep(job)
        lines = (f"{result.model_dump_json()}\n" for result in results)
        write_pieces(lines, self._chunk_path(number))

    def _chunk_path(self, number: int) -> Path:
        return self.path / f"chunk-{number:06}.jsonl"


def unfinished_job(batches: Path, program: str, sha256: str) -> Job | None:
    """The newest job of a program and a file's content that was begun and not finished."""
    manifests = sorted(
        batches.glob(f"{program}-*/{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns
    )
    jobs = [_read_job(path) for path in manifests]
    same = [job for job in jobs if (job.program, job.sha256) == (program, sha256)]
    return next((job for job in reversed(same) if not job.finished), None)


def _read_job(path: Path) -> Job:
    try:
        return Job.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError):
        raise StoreError(
            f"{path} does not describe a batch job",
            hint=f"remove {path.parent}: answers that are in the journal are not asked for again",
        ) from None


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
