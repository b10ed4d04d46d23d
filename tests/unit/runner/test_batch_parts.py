"""A batch job whose chunks are answered elsewhere: the same file, and nothing asked twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from dspy import lm15
from sqlalchemy import Engine

from dspyui_core.errors import LMError
from dspyui_core.runner.batch import Job, Part, answer_part
from dspyui_core.store.journal import Journal
from dspyui_core.testing import ScriptedLM
from support.batches import Batch, Served, failing_on
from support.states import fresh_engine

TEXTS = tuple(f"question {number}" for number in range(11))
Spread = Callable[[Job, Sequence[int]], int]


@pytest.fixture
def batch(tmp_path: Path, engine: Engine) -> Batch:
    return Batch(tmp_path, Journal(engine), ScriptedLM(rule=failing_on("7")))


def elsewhere(batch: Batch, lm: ScriptedLM, dealt: list[tuple[int, ...]]) -> Spread:
    """Answers what it gets in two parts, the second first, with an LM of its own."""

    def spread(job: Job, numbers: Sequence[int]) -> int:
        middle = len(numbers) // 2
        asked = 0
        for some in (tuple(numbers[middle:]), tuple(numbers[:middle])):
            dealt.append(some)
            part = Part(job=job, file=batch.folder / "in.csv", numbers=some)
            asked += answer_part(
                Served(), part, lm=lm, journal=batch.journal, batches=batch.folder / "batches"
            ).asked
        return asked

    return spread


def test_the_file_and_the_statistics_are_the_same(batch: Batch, tmp_path: Path) -> None:
    whole = batch.run(batch.texts(*TEXTS), chunk=2)
    folder, dealt = tmp_path / "other", list[tuple[int, ...]]()
    folder.mkdir()
    here, there = (ScriptedLM(rule=failing_on("7")) for _ in range(2))

    with fresh_engine(folder) as engine:
        other = Batch(folder, Journal(engine), here)
        spread = elsewhere(other, there, dealt)
        report = other.run(other.texts(*TEXTS), chunk=2, spread=spread)

    assert report.path.read_bytes() == whole.path.read_bytes()
    differs = {"path", "seconds", "total_latency", "avg_latency_per_row"}
    assert report.model_dump(exclude=differs) == whole.model_dump(exclude=differs)
    assert dealt == [(4, 5, 6), (2, 3)]
    assert ({*here.heard}, {*there.heard}) == ({*TEXTS[:2]}, {*TEXTS[2:]})


def test_chunks_that_nobody_answered_are_answered_here(batch: Batch) -> None:
    report = batch.run(batch.texts(*TEXTS), chunk=2, spread=lambda job, numbers: 0)

    assert (report.asked, report.success_count, report.error_count) == (11, 10, 1)


def test_only_what_is_missing_is_dealt_out(batch: Batch) -> None:
    report = batch.run(batch.texts(*TEXTS), chunk=2)
    for number in (1, 3, 5):
        (report.path.parent / f"chunk-{number:06}.jsonl").unlink()
    dealt: list[Sequence[int]] = []

    again = batch.run(
        batch.folder / "in.csv",
        chunk=2,
        spread=lambda job, numbers: dealt.append(tuple(numbers)) or 0,
    )

    assert dealt == [(3, 5)]
    assert again.asked == 0


def test_failed_rows_that_are_asked_again_are_dealt_out(batch: Batch) -> None:
    file = batch.texts("0", "7", "1", "7 too", "7 as well")
    batch.run(file, chunk=1)
    dealt: list[tuple[int, ...]] = []
    lm = ScriptedLM(rule=failing_on("never"))

    report = batch.run(file, chunk=1, retry_failed=True, spread=elsewhere(batch, lm, dealt))

    assert dealt == [(4, 5), (2,)]
    assert (report.asked, report.success_count) == (3, 5)


def test_where_the_lm_answers_nobody_nothing_is_dealt_out(batch: Batch) -> None:
    batch.lm = ScriptedLM(rule=lambda _: lm15.AuthError("no key"))
    dealt: list[Sequence[int]] = []

    with pytest.raises(LMError, match="run the same command again"):
        batch.run(
            batch.texts(*TEXTS),
            chunk=2,
            spread=lambda job, numbers: dealt.append(numbers) or 0,
        )

    assert (dealt, len(batch.lm.heard)) == ([], 1)


def test_a_part_keeps_its_chunks_in_a_home_that_does_not_know_the_job(batch: Batch) -> None:
    file = batch.texts(*TEXTS)
    job = Job.of("tiny", 3, file="in.csv", sha256="0" * 64, rows=11, chunk=4)
    part = Part(job=job, file=file, numbers=(2,))
    batches = batch.folder / "elsewhere"

    answered = answer_part(Served(), part, lm=batch.lm, journal=batch.journal, batches=batches)

    assert answered.asked == 4
    assert sorted(path.name for path in batches.glob("*/*")) == ["chunk-000002.jsonl", "job.json"]
