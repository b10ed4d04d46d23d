"""Chunks: the rows of a long step in a few coarse parts, which others may work on beside us."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from dspyui_core.lms import Usage, count
from dspyui_core.records import Record, ScoreCard, ScoreRow, TurnLM
from dspyui_core.runner.plain import plain
from dspyui_core.settings import FanOutSettings
from dspyui_core.workspace import Workspace

__all__ = [
    "EVALUATE",
    "Chunk",
    "ChunkScored",
    "Scorers",
    "drop_chunks",
    "keep_chunk",
    "kept_chunk",
    "plan_chunks",
    "scored_elsewhere",
    "spans",
]

EVALUATE = "evaluate"
# So many chunks for each worker: who is done early takes one more, and the last ones wait little.
_EACH = 4
_DIGITS = 16


class Chunk(Record):
    """Rows `start` up to `stop` of the holdout of a turn, for the program in one role."""

    turn_id: str
    role: str
    digest: str
    start: int
    stop: int

    @property
    def name(self) -> str:
        """By which it is found again: the same rows of the same program have the same name."""
        return f"{program_name(self.role, self.digest)}/{self.start}-{self.stop}"


class ChunkScored(Record):
    """What a chunk came to; its rows are in the state database, unless all of them failed."""

    chunk: Chunk
    rows: int
    failed: int
    lm: TurnLM


Scorers = Callable[[Sequence[Chunk]], object]


def program_name(role: str, digest: str) -> str:
    """A program in the names of its chunks."""
    return f"{role}/{digest[:_DIGITS]}"


def spans(total: int, *, workers: int, fewest: int, shares: int = 1) -> list[range]:
    """0 to `total` cut into few ranges, for workers that work on `shares` such totals at once.

    No range but the last has fewer than `fewest`, and all shares together are cut into no more than
    four ranges for each worker, give or take one a share.
    """
    size = max(fewest, ceil(total * shares / (workers * _EACH)))
    return [range(start, min(start + size, total)) for start in range(0, total, size)]


def plan_chunks(
    turn_id: str, digests: Mapping[str, str], rows: int, settings: FanOutSettings
) -> tuple[Chunk, ...]:
    """The chunks of a turn's evaluation: for each program, by its role, all of the rows."""
    return tuple(
        Chunk(turn_id=turn_id, role=role, digest=digest, start=span.start, stop=span.stop)
        for role, digest in digests.items()
        for span in spans(rows, workers=settings.workers, fewest=settings.rows, shares=len(digests))
    )


def scored_elsewhere(
    ws: Workspace, turn_id: str, digests: Mapping[str, str], rows: int, scorers: Scorers | None
) -> dict[str, dict[str, ScoreRow]]:
    """By role and row, what chunks came to; `scorers` first get those that are not scored so far.

    What they used of LMs counts as used here.
    """
    if scorers is not None:
        planned = plan_chunks(turn_id, digests, rows, ws.settings.fan_out)
        kept = ws.turns.parts(turn_id, EVALUATE)
        missing = [chunk for chunk in planned if chunk.name not in kept]
        if len(missing) > 1:
            scorers(missing)
    return {role: _kept_rows(ws, turn_id, role, digest) for role, digest in digests.items()}


def keep_chunk(ws: Workspace, chunk: Chunk, card: ScoreCard, lm: TurnLM) -> ChunkScored:
    """Keep the rows of a chunk for whoever puts the evaluation together; a repeat keeps the first.

    A chunk all of whose rows failed is not kept: its rows are asked once more, as the LM may have
    been away. What the rows are sliced by tells their labels, and stays with the holdout.
    """
    rows = [plain(row.model_dump(exclude={"slices"})) for row in card.rows]
    content = {"rows": rows, "lm": lm.model_dump()}
    if card.failed < len(card.rows):
        content = ws.turns.keep_part(chunk.turn_id, EVALUATE, chunk.name, content)
    return _scored(chunk, content)


def kept_chunk(ws: Workspace, chunk: Chunk) -> ChunkScored | None:
    """What a chunk came to before, or None."""
    found = ws.turns.parts(chunk.turn_id, EVALUATE, chunk.name).get(chunk.name)
    return None if found is None else _scored(chunk, found)


def drop_chunks(ws: Workspace, turn_id: str) -> None:
    """Let go of the chunks of an evaluation that is finished."""
    ws.turns.drop_parts(turn_id, EVALUATE)


def _kept_rows(ws: Workspace, turn_id: str, role: str, digest: str) -> dict[str, ScoreRow]:
    found: dict[str, ScoreRow] = {}
    for content in ws.turns.parts(turn_id, EVALUATE, f"{program_name(role, digest)}/").values():
        count(Usage(**content["lm"]))
        rows = map(ScoreRow.model_validate, content["rows"])
        found |= {row.row_id: row for row in rows}
    return found


def _scored(chunk: Chunk, content: Mapping[str, Any]) -> ChunkScored:
    rows = content["rows"]
    failed = sum(row["score"] is None for row in rows)
    return ChunkScored(chunk=chunk, rows=len(rows), failed=failed, lm=TurnLM(**content["lm"]))
