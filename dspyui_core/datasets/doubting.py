"""Doubts: labels that a check finds unlikely, for a person to keep or to correct."""

from __future__ import annotations

from dataclasses import dataclass

from dspyui_core.datasets.rows import Row


@dataclass(frozen=True, slots=True)
class Doubt:
    """One label of one row that looks wrong; nothing changes it but a person.

    `field` is the output, `label` what the row says there, `suggested` what other rows make
    likely, and `score` how likely the given label is, 0..1: the lowest are the worst.
    """

    row: Row
    field: str
    label: str
    suggested: str
    score: float
