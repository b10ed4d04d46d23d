"""Scoring the programs of a turn and deciding on them."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.records import Decision
from dspyui_core.turn import Chunk, ChunkScored, Evaluated, Rescore, RescoreRequest
from tasks._fan_out import over
from tasks._policy import ONCE, PATIENT
from tasks._progress import Progress
from tasks._workspace import workspace


@task(name="score-chunk", **ONCE)
def score_chunk(chunk: Chunk) -> ChunkScored:
    """Score some rows of the holdout for one program; chunks are tried again by who needs them."""
    return turn.score_chunk(workspace(), chunk)


@task(name="evaluate-programs", **PATIENT)
def evaluate_programs(turn_id: str) -> Evaluated:
    """Score baseline, champion and candidate on the holdout and compare them."""
    progress = Progress()
    scorers = over(score_chunk, progress)
    return turn.evaluate_programs(workspace(), turn_id, scorers=scorers, on_progress=progress)


@task(name="decide", **PATIENT)
def decide(turn_id: str) -> Decision:
    """Put the comparison before the promotion policy."""
    return turn.decide_release(workspace(), turn_id)


@task(name="rescore", **PATIENT)
def rescore(request: RescoreRequest) -> Rescore:
    """Let the champion answer its holdout again and compare it with what it scored before."""
    return turn.rescore_champion(workspace(), request, on_progress=Progress())
