"""Scoring one chunk of an evaluation, in whichever process that is asked to."""

from __future__ import annotations

from dspyui_core.errors import ProgramError
from dspyui_core.lms import metered_apart
from dspyui_core.records import CandidateRef, TurnLM
from dspyui_core.turn.chunks import Chunk, ChunkScored, keep_chunk, kept_chunk
from dspyui_core.turn.evaluating import Contender, contender_of, score_rows
from dspyui_core.turn.steps import Progress, Snapshot, recorded, silent
from dspyui_core.workspace import Workspace

__all__ = ["score_chunk"]


def score_chunk(ws: Workspace, chunk: Chunk, *, on_progress: Progress = silent) -> ChunkScored:
    """Score a chunk and keep its rows; one that was scored before is found, and asks no LM.

    The turn's lock is held by whoever puts the evaluation together, and not needed here. Raises
    ProgramError where this process has other code than the one that planned the chunk.
    """
    found = kept_chunk(ws, chunk)
    if found is not None:
        return found
    snapshot = recorded(ws, chunk.turn_id, "snapshot", Snapshot)
    contender = _contender(ws, snapshot, chunk)
    with metered_apart() as meter:
        card = score_rows(ws, snapshot, chunk, contender, on_progress)
    used = meter.snapshot()
    return keep_chunk(ws, chunk, card, TurnLM(calls=used.calls, usd=used.usd))


def _contender(ws: Workspace, snapshot: Snapshot, chunk: Chunk) -> Contender:
    candidate = recorded(ws, chunk.turn_id, "compile", CandidateRef)
    found = contender_of(ws, snapshot, candidate, chunk.role)
    if found.digest != chunk.digest:
        raise ProgramError(
            f"the {chunk.role} of turn {chunk.turn_id} is program {found.digest[:12]} here, and "
            f"{chunk.digest[:12]} where the turn runs",
            hint="give every worker the same dspyui and the same code in DSPYUI_WORKSPACE",
        )
    return found
