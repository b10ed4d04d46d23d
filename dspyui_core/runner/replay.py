"""Replay: recorded inputs answered by another program, for comparison; nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from dspyui_core.lms import in_threads
from dspyui_core.runner.answering import Served, ask, new_trace_id

__all__ = ["Replayed", "replay_inputs"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a program answers to one input: its outputs as plain JSON, or an `error` in one line."""

    outputs: Mapping[str, Any]
    error: str = ""


def replay_inputs(
    served: Served,
    inputs: Sequence[Mapping[str, Any]],
    *,
    lm: dspy.LM,
    threads: int = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Replayed, ...]:
    """The program's answers to typed inputs, in order; no journal sees them.

    An input that fails has an error; the others are unaffected.
    """
    found: list[Replayed] = []
    answers = in_threads(lambda values: _replayed(served, values, lm), inputs, threads=threads)
    for replayed in answers:
        found.append(replayed)
        on_progress(len(found), len(inputs))
    return tuple(found)


def _replayed(served: Served, values: Mapping[str, Any], lm: dspy.LM) -> Replayed:
    answer, error = ask(served, values, lm=lm, trace_id=new_trace_id(), span_bytes=0)
    return Replayed(answer.payload["outputs"], answer.payload["error"] if error else "")
