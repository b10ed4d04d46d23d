"""Live traffic: messages go to the champion, and simulated users say what they think of it.

The truth of a message reaches nobody but its user, and the program only by what that user says.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dspyui_core.datasets import Row
from dspyui_core.records import Record
from dspyui_core.runner import Answer
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry
from dspyui_core.testing import SimulatedUser, simulated_users
from dspyui_core.workspace import Workspace

USERS = 60
SILENT = 0.5
NOISE = 0.1
# Some people write twice, or a second one has the same question in the same words.
REPEATED = 0.05

Told = Callable[[int, int], None]


class Traffic(Record):
    """What was asked and what came back; `wrong` of the feedback was careless."""

    users: int
    silent: int
    predictions: int
    ratings: int
    thumbs_up: int
    corrections: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """The users, half of whom never say anything."""

    talking: tuple[SimulatedUser, ...]
    silent: tuple[SimulatedUser, ...]

    @classmethod
    def of(cls, spec: ProgramSpec, chance: random.Random, *, seed: int) -> Crowd:
        """The users of a program whose outputs have their values."""
        users = list(simulated_users(spec, USERS, seed=seed, noise=NOISE))
        chance.shuffle(users)
        quiet = round(USERS * SILENT)
        return cls(tuple(users[quiet:]), tuple(users[:quiet]))

    @property
    def everybody(self) -> tuple[SimulatedUser, ...]:
        """All users, in no meaningful order."""
        return (*self.talking, *self.silent)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A message, the user who sent it, the answer, and what the user said of it, if anything."""

    row: Row
    answer: Answer
    said: Entry | None

    @property
    def careless(self) -> bool:
        """Whether the user was wrong about what is right."""
        if self.said is None:
            return False
        meant = {**self.answer.outputs, **(self.said.payload["corrected_output"] or {})}
        return meant != dict(self.row.labels)


def send(
    ws: Workspace, spec: ProgramSpec, rows: Sequence[Row], *, seed: int, on_sent: Told
) -> Traffic:
    """Send every message to the champion, and record what its user says of the answer."""
    chance = random.Random(f"traffic {seed}")
    crowd = Crowd.of(spec, chance, seed=seed)
    exchanges = []
    plan = list(_planned(rows, crowd, chance))
    for number, (row, user) in enumerate(plan, start=1):
        exchanges.append(_exchange(ws, spec.name, row, user, talks=user in crowd.talking))
        on_sent(number, len(plan))
    return _summed(exchanges, crowd)


def _planned(
    rows: Sequence[Row], crowd: Crowd, chance: random.Random
) -> Iterator[tuple[Row, SimulatedUser]]:
    """Every message once, some of them twice, each from somebody, in no order."""
    messages = [*rows, *chance.sample(list(rows), round(len(rows) * REPEATED))]
    chance.shuffle(messages)
    for row in messages:
        yield row, chance.choice(crowd.everybody)


def _exchange(
    ws: Workspace, program: str, row: Row, user: SimulatedUser, *, talks: bool
) -> _Exchange:
    answer = ws.predict(program, dict(row.inputs), user_id=user.user_id)
    if not talks:
        return _Exchange(row, answer, None)
    said = user.tell(ws.feedback, answer.trace_id, answer.outputs, row.labels)
    return _Exchange(row, answer, said)


def _summed(exchanges: Sequence[_Exchange], crowd: Crowd) -> Traffic:
    said = [exchange.said.payload for exchange in exchanges if exchange.said is not None]
    return Traffic(
        users=len(crowd.everybody),
        silent=len(crowd.silent),
        predictions=len(exchanges),
        ratings=len(said),
        thumbs_up=sum(payload["rating"] == "thumbs_up" for payload in said),
        corrections=sum(bool(payload["corrected_output"]) for payload in said),
        wrong=sum(exchange.careless for exchange in exchanges),
    )
