"""Whom the champion before still answers while its successor is on trial: asked at every answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.promotion.ledger import Ledger
from dspyui_core.promotion.trials import Trial, stays_behind, trial
from dspyui_core.spec import ProgramSpec

__all__ = ["Holdback"]


class _Version(Protocol):
    """What is looked at of a loaded version."""

    @property
    def spec(self) -> ProgramSpec: ...
    @property
    def version(self) -> int | None: ...


Loaded = TypeVar("Loaded", bound=_Version)


@dataclass(frozen=True, slots=True)
class _Known:
    trial: Trial | None
    until: float


class Holdback(Generic[Loaded]):
    """Draws users by their names: the same ones stay behind until the trial is over.

    `load` loads a version of a program by both. What the ledger says of a trial is believed for
    `ttl` seconds; `now` is a clock in seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        load: Callable[[str, int], Loaded],
        *,
        ttl: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._load = load
        self._ttl = ttl
        self._now = now
        self._known: dict[str, _Known] = {}

    def served(self, champion: Loaded, *, key: str) -> Loaded:
        """Who answers a user, or a trace where nobody is named: the champion, or the one before.

        A predecessor that was deleted in MLflow answers nobody.
        """
        spec = champion.spec
        found = self._trial(spec.name)
        if found is None or found.champion != champion.version:
            return champion
        if not stays_behind(found, spec.watch.holdback, key):
            return champion
        try:
            return self._load(spec.name, found.predecessor)
        except ModelNotFoundError:
            return champion

    def _trial(self, program: str) -> Trial | None:
        known = self._known.get(program)
        if known is None or self._now() >= known.until:
            until = self._now() + self._ttl
            known = _Known(trial(self._ledger.history(program)), until)
            self._known[program] = known
        return known.trial
