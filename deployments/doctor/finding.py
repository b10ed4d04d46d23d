"""What a check of the doctor is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `remedy` says what to do, and is empty where nothing is to be done."""

    name: str
    status: Status
    found: str
    remedy: str = ""


class Check(Protocol):
    """One thing to look at. `run` changes nothing and raises nothing that can be foreseen."""

    @property
    def name(self) -> str:
        """What is looked at, in one word or two."""

    def run(self) -> Finding:
        """Look at it."""
