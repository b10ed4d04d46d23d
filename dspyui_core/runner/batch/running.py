"""Batch inference: a file in, a file with answers out, whatever happens in between."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import dspy

from dspyui_core.datasets import RawRow, Scan, file_hash, scan_file, stream_rows
from dspyui_core.errors import DatasetError, InputError, Problem
from dspyui_core.files import write_pieces
from dspyui_core.runner.answering import SPAN_BYTES, Served
from dspyui_core.runner.batch.asking import FORGOTTEN, Asker, Fitting
from dspyui_core.runner.batch.jobs import Job, JobFolder, RowResult
from dspyui_core.runner.batch.output import Finished, Layout, demand_writable, written
from dspyui_core.runner.batch.report import BatchPlan, BatchReport, Tally
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Journal
from dspyui_core.store.locks import batch_lock

CHUNK = 200
PROGRESS_SECONDS = 2.0
SHOWN = 10


def validate_csv_headers(spec: ProgramSpec, columns: Sequence[str]) -> list[Problem]:
    """What keeps a file with these columns from being answered: missing inputs, doubled columns.

    Columns that are no input are fine: they are carried through.
    """
    missing = [
        Problem(name, "is no column of the file", remedy=_near(name, columns))
        for name in (f.name for f in spec.signature.inputs if not f.optional)
        if name not in columns
    ]
    doubled = [
        Problem(name, f"stands {columns.count(name)} times in the header", remedy="rename one")
        for name in dict.fromkeys(columns)
        if name and columns.count(name) > 1
    ]
    return missing + doubled


def run_batch_inference(
    served: Served,
    file: Path,
    *,
    lm: dspy.LM,
    journal: Journal,
    batches: Path,
    out: Path | None = None,
    threads: int = 1,
    chunk: int = CHUNK,
    span_bytes: int = SPAN_BYTES,
    retry_failed: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> BatchReport:
    """Answer every row of a .csv, .tsv, .jsonl or .parquet file; memory is bounded by a chunk.

    The written file (.csv or .jsonl; by default in the job's folder in `batches`) has the file's
    columns, the outputs, and status, error and trace_id. A row that does not fit is `invalid`, one
    that fails is `error`; neither stops the job. A chunk's answers go to the journal in one commit
    before its results are kept, and no answer that is there is asked for again: a job that was
    interrupted goes on with the same call, and one that is finished gives the same file.
    `retry_failed` asks the failed rows of a finished job once more.

    Raises DatasetError for a file or a header that cannot be used, InputError where `out` cannot be
    written, LMError where the LM answers nobody, BusyError where the same job is running.
    """
    start = time.monotonic()
    scan = _usable(served.spec, file, out)
    folder, job = _job(served, file, scan, batches, chunk)
    with batch_lock(folder.path):
        job = _begun(folder, job, retry_failed=retry_failed)
        seen = _Throttled(on_progress, job.rows)
        asker = Asker(
            served,
            job,
            lm=lm,
            journal=journal,
            threads=threads,
            span_bytes=span_bytes,
            on_row=seen,
        )
        _answer(asker, folder, job, file, seen)
        path = _target(folder, file, out)
        layout = Layout.of(scan.columns, [f.name for f in served.spec.signature.outputs])
        tally = _assemble(layout, folder, job, file, path)
        folder.keep(job.model_copy(update={"finished": True}))
    seconds = time.monotonic() - start
    return tally.report(job, path=path, asked=asker.asked, seconds=seconds)


def plan_batch(
    served: Served, file: Path, *, batches: Path, out: Path | None = None, chunk: int = CHUNK
) -> BatchPlan:
    """What `run_batch_inference` would do; nothing is written and no LM is called."""
    scan = _usable(served.spec, file, out)
    folder, job = _job(served, file, scan, batches, chunk)
    job = folder.job() or job
    fitting = Fitting(served.spec)
    invalid, problems = 0, list[str]()
    for row in stream_rows(file):
        if found := fitting.parse(row)[1]:
            invalid += 1
            shown = found[: SHOWN - len(problems)]
            problems += [str(replace(problem, row=row.number)) for problem in shown]
    chunks = range(1, -(-job.rows // job.chunk) + 1)
    results = (result for number in chunks for result in folder.chunk(number) or ())
    return BatchPlan(
        program=job.program,
        version=job.version,
        job=job.job,
        path=_target(folder, file, out),
        rows=job.rows,
        invalid=invalid,
        answered=sum(result.status == "ok" for result in results),
        problems=tuple(problems),
    )


class _Throttled:
    """Tells how far a job is, now and then."""

    def __init__(self, tell: Callable[[int, int], None], total: int) -> None:
        self._tell = tell
        self._total = total
        self._done = 0
        self._told = time.monotonic()

    def __call__(self, done: int) -> None:
        due = time.monotonic() - self._told >= PROGRESS_SECONDS or done == self._total
        if due and done > self._done:
            self._done, self._told = done, time.monotonic()
            self._tell(done, self._total)


def _near(name: str, columns: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, columns, n=1)
    return f"rename {close[0]!r} to it, or add it" if close else "add it"


def _usable(spec: ProgramSpec, file: Path, out: Path | None) -> Scan:
    if out is not None:
        demand_writable(out, file)
    scan = scan_file(file)
    if not scan.columns:
        raise DatasetError(f"{file} is empty", hint="give it a header and at least one row")
    problems = validate_csv_headers(spec, scan.columns)
    if problems:
        known = ", ".join(f.name for f in spec.signature.inputs)
        raise DatasetError(
            f"the columns of {file} do not fit {spec.name!r}",
            problems,
            hint=f"the inputs of {spec.name!r} are: {known}",
        )
    return scan


def _job(
    served: Served, file: Path, scan: Scan, batches: Path, chunk: int
) -> tuple[JobFolder, Job]:
    job = Job.of(
        served.spec.name,
        served.version,
        file=file.name,
        sha256=scan.sha256,
        rows=scan.rows,
        chunk=chunk,
    )
    return JobFolder(batches, job), job


def _begun(folder: JobFolder, job: Job, *, retry_failed: bool) -> Job:
    """The job as it stands; a further attempt where rows are to be asked again."""
    begun = folder.job()
    if begun is None or not (retry_failed and begun.finished):
        return begun or job
    changes = {"attempt": begun.attempt + 1, "finished": False}
    return folder.keep(begun.model_copy(update=changes))


def _answer(
    asker: Asker, folder: JobFolder, job: Job, file: Path, seen: Callable[[int], None]
) -> None:
    for number, rows in _chunks(stream_rows(file), job.chunk):
        known = folder.chunk(number)
        if known is None or any(asker.redoes(result) for result in known):
            folder.keep_chunk(job, number, asker.results(rows, known))
        seen(rows[-1].number)


def _assemble(layout: Layout, folder: JobFolder, job: Job, file: Path, path: Path) -> Tally:
    tally = Tally()
    try:
        write_pieces(written(_joined(folder, job, file, tally), layout, path), path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="the answers are kept: make room, or name another file, and run it again",
        ) from None
    return tally


def _joined(folder: JobFolder, job: Job, file: Path, tally: Tally) -> Iterator[Finished]:
    for number, rows in _chunks(stream_rows(file), job.chunk):
        results = {result.row: result for result in folder.chunk(number) or ()}
        for row in rows:
            result = results.get(row.number) or RowResult(
                row=row.number, status="error", error=FORGOTTEN
            )
            tally.add(result)
            yield row, result
    if file_hash(file) != job.sha256:
        raise DatasetError(
            f"{file} changed while it was read", hint="run the same command again: a new job"
        )


def _target(folder: JobFolder, file: Path, out: Path | None) -> Path:
    ending = ".jsonl" if file.suffix.lower() in (".jsonl", ".parquet") else ".csv"
    return out or folder.path / f"answers{ending}"


def _chunks(rows: Iterable[RawRow], size: int) -> Iterator[tuple[int, list[RawRow]]]:
    stream, number = iter(rows), 0
    while chunk := list(islice(stream, size)):
        number += 1
        yield number, chunk
