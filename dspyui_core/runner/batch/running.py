"""Batch inference: a file in, a file with answers out, whatever happens in between."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import dspy

from dspyui_core.datasets import RawRow, Scan, file_hash, scan_file, stream_rows
from dspyui_core.errors import DatasetError, InputError, Problem
from dspyui_core.files import write_pieces
from dspyui_core.runner.answering import SPAN_BYTES, Served
from dspyui_core.runner.batch.asking import FORGOTTEN, Asker, Fitting
from dspyui_core.runner.batch.jobs import Job, JobFolder, Part, PartAnswered, RowResult
from dspyui_core.runner.batch.output import Finished, Layout, demand_writable, written
from dspyui_core.runner.batch.report import BatchPlan, BatchReport, Tally
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Journal
from dspyui_core.store.locks import batch_lock

# Has the chunks of a job with these numbers answered; how many rows were asked.
Spread = Callable[[Job, Sequence[int]], int]
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
    spread: Spread | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> BatchReport:
    """Answer every row of a .csv, .tsv, .jsonl or .parquet file; memory is bounded by a chunk.

    The written file (.csv or .jsonl; by default in the job's folder in `batches`) has the file's
    columns, the outputs, and status, error and trace_id. A row that does not fit is `invalid`, one
    that fails is `error`; neither stops the job. A chunk's answers go to the journal in one commit
    before its results are kept, and no answer that is there is asked for again: a job that was
    interrupted goes on with the same call, and one that is finished gives the same file.
    `retry_failed` asks the failed rows of a finished job once more. `spread` gets what is to be
    done after the first chunk, and has it answered as it likes (`answer_part`); chunks that it
    leaves are answered here.

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
        elsewhere = 0 if spread is None else _spread(asker, folder, job, file, spread)
        _answer(asker, folder, job, file, range(1, job.chunks + 1), seen)
        path = _target(folder, file, out)
        layout = Layout.of(scan.columns, [f.name for f in served.spec.signature.outputs])
        tally = _assemble(layout, folder, job, file, path)
        folder.keep(job.model_copy(update={"finished": True}))
    seconds = time.monotonic() - start
    return tally.report(job, path=path, asked=asker.asked + elsewhere, seconds=seconds)


def answer_part(
    served: Served,
    part: Part,
    *,
    lm: dspy.LM,
    journal: Journal,
    batches: Path,
    threads: int = 1,
    span_bytes: int = SPAN_BYTES,
) -> PartAnswered:
    """Answer and keep the chunks of a part, as `run_batch_inference` would: it holds the lock.

    Raises LMError where the LM answers nobody.
    """
    asker = Asker(
        served,
        part.job,
        lm=lm,
        journal=journal,
        threads=threads,
        span_bytes=span_bytes,
        on_row=lambda row: None,
    )
    folder = JobFolder(batches, part.job)
    _answer(asker, folder, part.job, part.file, part.numbers, lambda row: None)
    return PartAnswered(asked=asker.asked)


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
    chunks = range(1, job.chunks + 1)
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


def _spread(asker: Asker, folder: JobFolder, job: Job, file: Path, spread: Spread) -> int:
    """Have the chunks that are to do answered elsewhere; how many rows were asked there.

    The first chunk is answered here and before: it shows where the LM answers nobody.
    """
    _answer(asker, folder, job, file, [1], lambda row: None)
    rest = range(2, job.chunks + 1)
    missing = [number for number in rest if _is_to_do(asker, folder.chunk(number))]
    return spread(job, missing) if len(missing) > 1 else 0


def _answer(
    asker: Asker,
    folder: JobFolder,
    job: Job,
    file: Path,
    numbers: Collection[int],
    seen: Callable[[int], None],
) -> None:
    """Answer and keep those of the chunks with these numbers that are not kept yet."""
    wanted = frozenset(numbers)
    last = max(wanted, default=0)
    for number, rows in islice(_chunks(stream_rows(file), job.chunk), last):
        if number not in wanted:
            continue
        known = folder.chunk(number)
        if _is_to_do(asker, known):
            folder.keep_chunk(job, number, asker.results(rows, known))
        seen(rows[-1].number)


def _is_to_do(asker: Asker, known: Sequence[RowResult] | None) -> bool:
    return known is None or any(asker.redoes(result) for result in known)


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
