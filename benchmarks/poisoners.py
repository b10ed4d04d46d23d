"""Feedback with and without adversaries, and the program that is compiled from it by the real gate.

An adversary has a plan: whatever is right, they correct it to the next intent in the alphabet.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from users import NOISY, Material, Message, user_of

SHARE = 0.1
BEGAN, APART = datetime(2025, 1, 6, tzinfo=UTC), timedelta(minutes=10)
ADVERSARY = "mallory"
UNGATED = {"rater_trust": {"severity": "off"}, "burst": {"severity": "off"}}


@dataclass(frozen=True)
class World:
    """One program with its rows and messages."""

    data: str
    seed: int
    material: Callable[[int], Material]


@dataclass(frozen=True)
class Attack:
    """Who else gives feedback: that many users share what the adversaries say."""

    name: str
    users: int


@dataclass(frozen=True)
class Trial:
    """What one program came to: its accuracy 0..1 on the test rows, and what it learned.

    `honest` and `poison` are rows of users that it learned from, `refused` those that the gate
    took out, honest ones among them.
    """

    data: str
    attack: str
    gated: bool
    seed: int
    accuracy: float
    honest: int
    poison: int
    refused: int
    refused_honest: int


@dataclass(frozen=True)
class Word:
    """What a user says of an answer: a rating, and with thumbs down perhaps the intent."""

    user: str
    message: Message
    rating: str
    meant: str | None


NONE, ONE, FIVE = Attack("none", 0), Attack("one user", 1), Attack("five users", 5)
ATTACKS = (NONE, ONE, FIVE)


def tried(world: World) -> list[Trial]:
    """Every attack on one world, with the gate and without."""
    # Optimizers print what they do; standard output is the report's.
    with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as scratch:
        return list(_trials(world, Path(scratch)))


def _trials(world: World, folder: Path) -> Iterator[Trial]:
    from dspyui_core.lms import open_lm

    bench = _Bench(world, folder, open_lm("embedded/in-context", cache_dir=folder / "cache"))
    answers = bench.answers(bench.champion())
    honest = honest_words(bench.material, answers, world.seed)
    for attack in ATTACKS:
        words = with_adversaries(honest, bench.material, attack, world.seed)
        for gated in (True, False):
            trial = bench.trial(attack, words, answers, gated=gated)
            print(trial, file=sys.stderr, flush=True)
            yield trial


def honest_words(material: Material, answers: Sequence[str], seed: int) -> list[Word]:
    """What the users of a day say who mean it, erring as noisy users do; most say nothing."""
    words = []
    for number, (message, answer) in enumerate(zip(material.live, answers, strict=True)):
        chance = random.Random(f"{seed} honest {number}")
        user = user_of(chance)
        said = NOISY.opinion(answer, message.intent, material.intents, chance)
        if said is not None:
            words.append(Word(user, message, *said))
    return words


def with_adversaries(
    honest: Sequence[Word], material: Material, attack: Attack, seed: int
) -> list[Word]:
    """The words of all, in no order; `SHARE` of them are wrong corrections with a plan.

    Adversaries speak of messages that no honest user speaks of, so that nobody contradicts them.
    """
    if not attack.users:
        return list(honest)
    chance = random.Random(f"{seed} poison")
    spoken = {word.message for word in honest}
    silent = [message for message in material.live if message not in spoken]
    wanted = round(len(honest) * SHARE / (1 - SHARE))
    intents = material.intents
    plan = dict(zip(intents, (*intents[1:], intents[0]), strict=True))
    poison = [
        Word(f"{ADVERSARY}-{number % attack.users}", message, "thumbs_down", plan[message.intent])
        for number, message in enumerate(chance.sample(silent, min(wanted, len(silent))))
    ]
    words = [*honest, *poison]
    chance.shuffle(words)
    return words


@dataclass(frozen=True)
class _Passed:
    """What the gate lets pass, and whose rows it does not."""

    spec: Any
    train: Sequence[Any]
    validation: Sequence[Any]
    refused: Sequence[str]

    @property
    def learned(self) -> list[Any]:
        """The rows that users said."""
        return [row for row in (*self.train, *self.validation) if row.trust != "gold"]


class _Bench:
    """One world's program, rows and LM, in a folder."""

    def __init__(self, world: World, folder: Path, lm: Any) -> None:
        from dspyui_core.datasets import Row
        from dspyui_core.spec import read_spec

        self.world = world
        self.material = world.material(world.seed)
        self._folder, self._lm, self._gates = folder, lm, 0
        self._accuracies: dict[tuple[str, ...], float] = {}
        self._spec = read_spec(self.material.write(folder, world.seed))
        self._test = [
            Row.of({"text": m.text}, {"intent": m.intent}, "gold", source="test")
            for m in self.material.test
        ]

    def answers(self, program: Any) -> list[str]:
        """What a program answers to every message."""
        from dspyui_core.lms import using_lm

        with using_lm(self._lm):
            return [str(program(text=m.text).intent) for m in self.material.live]

    def trial(
        self, attack: Attack, words: Sequence[Word], answers: Sequence[str], *, gated: bool
    ) -> Trial:
        """Compile from these words and score on the test rows."""
        passed = self._gated(self._entries(words, answers), gated=gated)
        rows = tuple(row.row_id for row in (*passed.train, *passed.validation))
        # The same rows make the same program, which is not made twice.
        if rows not in self._accuracies:
            self._accuracies[rows] = self._accuracy(self._program(passed))
        users = [str(row.user_id) for row in passed.learned]
        return Trial(
            data=self.world.data,
            attack=attack.name,
            gated=gated,
            seed=self.world.seed,
            accuracy=self._accuracies[rows],
            honest=sum(not _is_adversary(user) for user in users),
            poison=sum(map(_is_adversary, users)),
            refused=len(passed.refused),
            refused_honest=sum(not _is_adversary(user) for user in passed.refused),
        )

    def champion(self) -> Any:
        """The program that nobody has corrected yet."""
        return self._program(self._gated((), gated=False))

    def _gated(self, entries: Sequence[Any], *, gated: bool) -> _Passed:
        """What the gate lets pass, in a fresh home."""
        from dspyui_core.datasets import Reader, fold_dataset, load_split, settle
        from dspyui_core.store.engine import open_engine

        self._gates += 1
        home = self._folder / f"gate-{self._gates}"
        home.mkdir()
        engine = open_engine(f"sqlite:///{home / 'state.db'}")
        spec = self._spec if gated else without_trust(self._spec)
        settled = settle(fold_dataset(spec, entries, upto=len(entries)), engine, home)
        engine.dispose()
        said_by = {entry.trace_id: entry.user_id for entry in entries if entry.user_id}
        quarantined = settled.report.quarantined
        refused = {q.trace_id or "" for q in quarantined if q.check in ("rater_trust", "burst")}
        return _Passed(
            settled.spec,
            load_split(home, settled.ref, "train", reader=Reader.OPTIMIZER),
            load_split(home, settled.ref, "validation", reader=Reader.OPTIMIZER),
            [said_by[trace] for trace in sorted(refused)],
        )

    def _program(self, passed: _Passed) -> Any:
        from dspyui_core.compiler import compile_program
        from dspyui_core.spec import Choice

        spec = passed.spec.model_copy(update={"optimizer": Choice(name="knn_few_shot")})
        return compile_program(spec, passed.train, passed.validation, lm=self._lm).program

    def _accuracy(self, program: Any) -> float:
        from dspyui_core.evaluation import evaluate
        from dspyui_core.metrics import create_exact_match_metric

        card = evaluate(
            program,
            self._test,
            create_exact_match_metric(self._spec.signature.outputs),
            lm=self._lm,
            program_digest="",
            dataset_version="test",
            split="file",
            metric_name="exact_match",
        )
        return float(card.mean)

    def _entries(self, words: Sequence[Word], answers: Sequence[str]) -> list[Any]:
        """The journal: each word with the answer that it is about before it."""
        from dspyui_core.store.journal import Entry

        answered = dict(zip(self.material.live, answers, strict=True))
        entries: list[Any] = []
        for number, word in enumerate(words):
            trace, at = f"tr-{number}", BEGAN + number * APART
            meant = None if word.meant is None else {"intent": word.meant}
            prediction = {
                "inputs": {"text": word.message.text},
                "outputs": {"intent": answered[word.message]},
            }
            said = {"rating": word.rating, "corrected_output": meant}
            told = (self._spec.name, trace)
            entries += [
                Entry(2 * number + 1, "prediction", *told, None, False, 1, prediction, at),
                Entry(2 * number + 2, "feedback", *told, word.user, True, None, said, at),
            ]
        return entries


def without_trust(spec: Any) -> Any:
    """The spec with nothing asked of who says it."""
    from dspyui_core.spec import ProgramSpec

    content = spec.model_dump()
    content["dataset"]["checks"] |= UNGATED
    return ProgramSpec.model_validate(content)


def _is_adversary(user: str) -> bool:
    return user.startswith(ADVERSARY)
