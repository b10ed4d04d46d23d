"""The demonstration's chapters: what happens in each, and the report that comes out of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployments.demo.example import Example
from deployments.demo.traffic import Told, Traffic, send
from dspyui_core.datasets import fold_dataset
from dspyui_core.records import Record, Turn
from dspyui_core.turn import (
    AnswerLineage,
    DemoOrigin,
    ExportRequest,
    FileScore,
    ScoredAnswer,
    TurnDetails,
    TurnRequest,
    answer_lineage,
    export_feedback,
    score_file,
    turn_details,
)
from dspyui_core.workspace import Workspace

RunTurn = Callable[[TurnRequest], Turn]
# How many answers are asked again in search of one that a correction made right.
LINEAGES_TRIED = 10
TRACE = re.compile(r" \(trace (\S+)\)")


class DemoFeedback(Record):
    """Counts of what users asked and said, and of the rows exported as training data."""

    predictions: int
    ratings: int
    corrections: int
    exported: int


class FirstAndLast(Record):
    """Mean scores, 0..1, of the champion after the first and after the last turn."""

    first: float
    last: float


class OnTest(FirstAndLast):
    """The same two on rows that no turn ever touches."""

    rows: int


class DemoReport(Record):
    """The demonstration as `--json` prints it."""

    program: str
    turns: tuple[Turn, ...]
    feedback: DemoFeedback
    holdout: FirstAndLast
    test: OnTest
    seconds: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row that may not pass: what was asked where it is feedback, why, and what to do."""

    asked: Mapping[str, Any] | None
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A turn with what a person wants to see of it; each doubt is there once."""

    turn: Turn
    details: TurnDetails
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One test message, and what the first and the last champion say to it."""

    first: ScoredAnswer
    last: ScoredAnswer

    @property
    def gain(self) -> float:
        """The last score minus the first, -1..1."""
        return (self.last.score or 0.0) - (self.first.score or 0.0)


@dataclass(frozen=True, slots=True)
class Changed:
    """The first and the last champion on the same test messages."""

    first: FileScore
    last: FileScore

    @property
    def better(self) -> list[Change]:
        """What only the last champion gets right."""
        return [change for change in self._changes() if change.gain > 0]

    @property
    def worse(self) -> list[Change]:
        """What only the first champion got right."""
        return [change for change in self._changes() if change.gain < 0]

    def _changes(self) -> list[Change]:
        return [Change(*pair) for pair in zip(self.first.answers, self.last.answers, strict=True)]


@dataclass(frozen=True, slots=True)
class Traced:
    """An answer that is right now, and the correction in its prompt that says the same."""

    lineage: AnswerLineage
    correction: DemoOrigin


@dataclass(slots=True)
class Story:
    """Turns of one program in one home, with users between them."""

    ws: Workspace
    example: Example
    run_turn: RunTurn
    seed: int = 0
    chapters: list[Chapter] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def turn(self) -> Chapter:
        """Take a turn."""
        turn = self.run_turn(TurnRequest(program=self.example.spec))
        details = turn_details(self.ws, turn.turn) if turn.turn else TurnDetails()
        self.chapters.append(Chapter(turn, details, self._doubts(details)))
        return self.chapters[-1]

    def traffic(self, *, on_sent: Told = lambda done, total: None) -> Traffic:
        """Let the users ask everything in the live file, and say what they think."""
        spec = self.ws.models.load_model(self.program).spec
        rows = fold_dataset(spec.with_data(self.example.live), (), upto=0).rows
        return send(self.ws, spec, rows, seed=self.seed, on_sent=on_sent)

    def exported(self) -> int:
        """Write what users said as training data into the home; returns the number of rows."""
        return export_feedback(self.ws, ExportRequest(program=self.example.spec)).rows

    def changed(self) -> Changed:
        """Ask the first and the last champion the test messages; nothing is recorded."""
        first, last = self._champions()
        once = score_file(self.ws, self.program, self.example.test, version=first)
        if last == first:
            return Changed(once, once)
        return Changed(once, score_file(self.ws, self.program, self.example.test, version=last))

    def traced(self, changed: Changed) -> Traced | None:
        """Ask the champion something it has learned, and find the correction behind the answer."""
        for change in changed.better[:LINEAGES_TRIED]:
            # By its number: this process may not have noticed yet that the champion has changed.
            answer = self.ws.predict(
                self.program, dict(change.last.inputs), version=changed.last.version, user_id="you"
            )
            lineage = answer_lineage(self.ws, answer.trace_id)
            for demo in lineage.demos:
                if demo.corrected and dict(demo.labels) == dict(answer.outputs):
                    return Traced(lineage, demo)
        return None

    def report(self, traffic: Traffic, exported: int, changed: Changed) -> DemoReport:
        """What the whole of it came to."""
        return DemoReport(
            program=self.program,
            turns=tuple(chapter.turn for chapter in self.chapters),
            feedback=DemoFeedback(
                predictions=traffic.predictions,
                ratings=traffic.ratings,
                corrections=traffic.corrections,
                exported=exported,
            ),
            holdout=self._on_holdout(),
            test=OnTest(
                first=changed.first.score, last=changed.last.score, rows=changed.first.rows
            ),
            seconds=round(time.monotonic() - self.started, 3),
        )

    @property
    def program(self) -> str:
        """The program's name."""
        return self.chapters[0].turn.program

    def _doubts(self, details: TurnDetails) -> tuple[Doubt, ...]:
        found: dict[str, Doubt] = {}
        for row in details.quarantined:
            trace = TRACE.search(row.reason)
            said = self.ws.journal.find_prediction(trace[1]) if trace else None
            asked = said.payload["inputs"] if said else None
            reason = TRACE.sub("", row.reason)
            found.setdefault(f"{asked} {reason}", Doubt(asked, reason, row.remedy))
        return tuple(found.values())

    def _champions(self) -> tuple[int, int]:
        promoted = [
            chapter.turn.model_version
            for chapter in self.chapters
            if chapter.turn.outcome == "promoted" and chapter.turn.model_version
        ]
        return promoted[0], promoted[-1]

    def _on_holdout(self) -> FirstAndLast:
        last = self.chapters[-1].turn
        first = last.scores.champion
        if first is None:
            # The last turn ended before anything was scored: the first champion still serves.
            only = self.chapters[0].turn.scores
            first = last_score = only.candidate or only.baseline or 0.0
        else:
            promoted = last.outcome == "promoted" and last.scores.candidate is not None
            last_score = last.scores.candidate or 0.0 if promoted else first
        return FirstAndLast(first=first, last=last_score)
