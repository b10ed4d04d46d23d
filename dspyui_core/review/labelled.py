"""Labels that people gave in the inbox: checking them, and the samples that have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from dspyui_core.errors import Problem
from dspyui_core.extensions import choice_hint
from dspyui_core.fields import Field, parse_row
from dspyui_core.review.inbox import Inbox


@dataclass(frozen=True, slots=True)
class LabelledSample:
    """A served input with the labels that a reviewer gave it, by field name."""

    seq: int
    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    actor: str
    at: datetime


def labelled_samples(engine: Engine, program: str) -> tuple[LabelledSample, ...]:
    """The samples of a program that are labelled, in the order in which they were drawn."""
    found = Inbox(engine).items(program=program, kind="sample", state="accepted")
    return tuple(
        LabelledSample(
            seq=item.seq,
            inputs=item.content["inputs"],
            labels=item.answer or {},
            actor=item.actor or "",
            at=item.decided_at or item.opened_at,
        )
        for item in found
    )


def checked_labels(
    outputs: Sequence[Field], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Labels typed as the outputs of a program, all of them, and every problem found."""
    names = tuple(field.name for field in outputs)
    unknown = [
        Problem(name, "is no output", None, choice_hint(name, names))
        for name in given
        if name not in names
    ]
    values, problems = parse_row(outputs, {name: given.get(name) for name in names})
    return values, unknown + problems
