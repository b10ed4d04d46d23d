"""Forgetting: everything of a user, a trace or a row leaves all that this home can rewrite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from mlflow.exceptions import MlflowException

from dspyui_core.datasets import blank_texts, take_out
from dspyui_core.errors import NotFoundError, StoreError
from dspyui_core.lms import clear_cache
from dspyui_core.mirror import mlflow_trace_id
from dspyui_core.mlflow_tracking import (
    Said,
    blank_quotes,
    delete_assessments,
    delete_traces,
    forget_evaluated,
    forget_in_data_pages,
    runs_of,
)
from dspyui_core.records import Record
from dspyui_core.review import Inbox
from dspyui_core.store.clock import utc_now
from dspyui_core.store.compacting import compact, sqlite_file
from dspyui_core.store.erasing import erase, last_erasure, replace_spans
from dspyui_core.upkeep.holding import Holder, holding_files, holding_programs, own_rows
from dspyui_core.upkeep.quoting import Quotes, Quoting, quoting_answers
from dspyui_core.upkeep.scrubbing import Marks
from dspyui_core.upkeep.subjects import Belongings, Subject, belongings
from dspyui_core.workspace import Workspace

__all__ = ["Forgotten", "compact_databases", "forget", "would_forget"]


class Forgotten(Record):
    """How much of a subject went from where, and who still holds it.

    `predictions` and `feedback` are journal entries; `rows` were taken out of `dataset_versions`
    snapshots, `evaluated` out of the evaluation tables of MLflow runs; `texts` were blanked in the
    split ledger; `reports` of turns were scrubbed; `reviews` left the inbox; `quotes` counts other
    answers whose spans quoted it, as a demo in their prompts. `compacted` says whether the
    databases of this home were rewritten, so that no deleted byte is left. `at` is when it was
    forgotten, None for a dry run.
    """

    kind: str
    id: str
    programs: tuple[str, ...]
    predictions: int
    feedback: int
    traces: int = 0
    assessments: int = 0
    rows: int = 0
    dataset_versions: int = 0
    evaluated: int = 0
    texts: int = 0
    reports: int = 0
    reviews: int = 0
    quotes: int = 0
    cache_cleared: bool = False
    compacted: bool = True
    held: tuple[Holder, ...] = ()
    at: datetime | None = None


@dataclass(slots=True)
class _Counts:
    """What was done so far, and who holds what is left."""

    done: dict[str, int] = field(default_factory=dict)
    held: list[Holder] = field(default_factory=list)

    def add(self, name: str, count: int) -> None:
        self.done[name] = self.done.get(name, 0) + count


def would_forget(ws: Workspace, subject: Subject) -> Forgotten:
    """What `forget` would do, with the same errors; nothing is changed."""
    found = belongings(ws, subject)
    counts = _Counts()
    for part in found:
        counts.held += _holders(ws, part)
        taken = take_out(ws.snapshots, part.program, part.unwanted, dry_run=True)
        counts.add("rows", taken.rows)
        counts.add("dataset_versions", len(taken.versions))
    return _report(subject, found, counts)


def forget(ws: Workspace, subject: Subject) -> Forgotten:
    """Forget a subject wherever this home can, and name what still holds it.

    The journal comes last: whatever stops this on its way, the same call finds everything again
    and goes on. Where nothing is left of what was forgotten before, the databases are compacted
    once more and the first report comes back. Raises NotFoundError where there is nothing,
    BusyError while a turn of one of its programs runs, and StoreError where MLflow is away: then
    nothing has left the journal.
    """
    with ExitStack() as locks:
        try:
            found = belongings(ws, subject)
        except NotFoundError:
            return _already(ws, subject)
        for part in found:
            locks.enter_context(ws.lock(part.program))
        locks.enter_context(ws.mirroring())
        # Looked up again: now nobody folds, trains or copies.
        found = belongings(ws, subject)
        report = _forget(ws, subject, found)
    return report.model_copy(update={"compacted": compact_databases(ws)})


def compact_databases(ws: Workspace) -> bool:
    """Rewrite this home's SQLite files; False where somebody kept one of them too busy."""
    urls = (ws.settings.store_url(), ws.settings.tracking_uri())
    files = [file for file in map(sqlite_file, urls) if file is not None and file.exists()]
    done = [compact(file) for file in files]
    return all(done)


def _already(ws: Workspace, subject: Subject) -> Forgotten:
    """The report of the time before. Raises NotFoundError where there was none."""
    last = last_erasure(ws.engine, subject.kind, subject.id)
    if last is None:
        belongings(ws, subject)
        raise NotFoundError(subject.id)
    report = Forgotten.model_validate({"kind": subject.kind, "id": subject.id, **last.counts})
    return report.model_copy(update={"at": last.at, "compacted": compact_databases(ws)})


def _forget(ws: Workspace, subject: Subject, found: Sequence[Belongings]) -> Forgotten:
    counts = _Counts()
    with _needing_mlflow(subject):
        # Looked at first, while everything that tells who holds what is still there.
        for part in found:
            counts.held += _holders(ws, part)
        quoting = {part.program: _quoting(ws, part, counts.held) for part in found}
        for part in found:
            _forget_in_mlflow(ws, part, counts)
            traces = {mlflow_trace_id(trace) for trace in quoting[part.program].traces}
            blank_quotes(ws.client, traces, Quotes(part.texts))
    for part in found:
        _forget_in_datasets(ws, part, counts)
        replace_spans(ws.engine, quoting[part.program].spans)
        counts.add("quotes", len(quoting[part.program].spans))
        marks = Marks(part.all_traces, part.texts)
        counts.add("reports", ws.turns.redact(part.program, marks.scrub))
        counts.add("reviews", Inbox(ws.engine).forget(part.program, part.owns))
    cleared = clear_cache(ws.home / "lm-cache")
    report = _report(subject, found, counts).model_copy(update={"cache_cleared": cleared})
    erase(
        ws.engine,
        traces={trace for part in found for trace in part.traces},
        positions=[entry.position for part in found for entry in part.feedback],
        kind=subject.kind,
        subject=subject.id,
        actor=ws.settings.user,
        counts=report.model_dump(mode="json", exclude={"kind", "id", "at", "compacted"}),
    )
    return report.model_copy(update={"at": utc_now()})


def _forget_in_mlflow(ws: Workspace, part: Belongings, counts: _Counts) -> None:
    traces = {mlflow_trace_id(trace) for trace in part.traces}
    counts.add("traces", delete_traces(ws.client, traces))
    by_trace: dict[str, set[int]] = defaultdict(set)
    for entry in part.feedback:
        by_trace[mlflow_trace_id(entry.trace_id)].add(entry.position)
    said = [Said(trace, frozenset(at), part.user_id) for trace, at in by_trace.items()]
    counts.add("assessments", delete_assessments(ws.client, said))
    runs = runs_of(ws.client, part.program)
    marks = Marks(part.all_traces, part.texts)
    forget_in_data_pages(ws.client, runs, marks.scrub)
    scored = take_out(ws.snapshots, part.program, part.unwanted, dry_run=True).scored
    if scored:
        counts.add("evaluated", forget_evaluated(ws.client, runs, scored))


def _forget_in_datasets(ws: Workspace, part: Belongings, counts: _Counts) -> None:
    taken = take_out(ws.snapshots, part.program, part.unwanted)
    counts.add("rows", taken.rows)
    counts.add("dataset_versions", len(taken.versions))
    blanked = blank_texts(ws.engine, part.program, part.keys, gold_too=part.gold_too)
    # Made of those texts; the next turn makes it again without them.
    ws.derived.drop(part.program)
    counts.add("texts", blanked)


def _holders(ws: Workspace, part: Belongings) -> Iterator[Holder]:
    yield from holding_programs(ws, part, runs_of(ws.client, part.program))
    taken = take_out(ws.snapshots, part.program, part.unwanted, dry_run=True)
    yield from own_rows(part, taken)
    yield from holding_files(ws.home, part)


def _quoting(ws: Workspace, part: Belongings, held: Sequence[Holder]) -> Quoting:
    """The answers of the versions that hold it: their prompts had it as a demo."""
    versions = [h.name for h in held if h.kind == "version" and h.program == part.program]
    return quoting_answers(ws, part, [int(name) for name in versions])


def _report(subject: Subject, found: Sequence[Belongings], counts: _Counts) -> Forgotten:
    return Forgotten(
        kind=subject.kind,
        id=subject.id,
        programs=tuple(part.program for part in found),
        predictions=sum(len(part.predictions) for part in found),
        feedback=sum(len(part.about_them) + len(part.feedback) for part in found),
        held=tuple(dict.fromkeys(counts.held)),
        **counts.done,
    )


@contextmanager
def _needing_mlflow(subject: Subject) -> Iterator[None]:
    try:
        yield
    except (MlflowException, StoreError) as error:
        raise StoreError(
            f"{subject} is not forgotten, MLflow failed: {error}",
            hint="the journal and the datasets are as they were; the same command does all of it "
            "when MLflow answers again",
        ) from error
