"""What simulated users ask a program and say of its answers, and the rows that they ask from."""

from __future__ import annotations

import csv
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

EXAMPLES = Path(__file__).parents[1] / "examples"
PER_INTENT, HOLDOUT = 5, 400
SILENT = 0.7
USERS = 60


@dataclass(frozen=True)
class Message:
    """What is asked, and what is right."""

    text: str
    intent: str


@dataclass(frozen=True)
class Material:
    """A program spec's content, and rows that are apart from each other, copies included.

    `gold` and `holdout` are the user's files; the program sees what is asked in `live`, and of its
    intents only what users say; nobody but the benchmark sees `test`.
    """

    spec: dict[str, Any]
    gold: Sequence[Message]
    holdout: Sequence[Message]
    live: Sequence[Message]
    test: Sequence[Message]

    def write(self, folder: Path, seed: int) -> Path:
        """Write the spec with its two files into a folder; returns the spec's path."""
        _write(folder / "train.csv", self.gold)
        _write(folder / "holdout.csv", self.holdout)
        dataset = {
            "sources": ["train.csv", {"path": "holdout.csv", "split": "holdout"}],
            # The holdout is a file of its own: what users say is all for learning.
            "shares": {"train": 0.8, "validation": 0.2, "holdout": 0},
        }
        path = folder / "program.yaml"
        path.write_text(yaml.safe_dump({**self.spec, "dataset": dataset, "seed": seed}))
        return path

    def asked(self, count: int, *, seed: int) -> Iterator[list[Message]]:
        """So many messages at a time, in no order; after the last one people ask them again."""
        messages = list(self.live)
        random.Random(f"asked {seed}").shuffle(messages)
        stream = cycle(messages)
        while True:
            yield list(islice(stream, count))

    @property
    def intents(self) -> list[str]:
        """All the labels."""
        return sorted({message.intent for message in self.gold})


@dataclass(frozen=True)
class Users:
    """What share of those who speak rate wrongly, and what share of corrections are wrong."""

    name: str
    wrong_ratings: float = 0.0
    wrong_corrections: float = 0.0

    def opinion(
        self, answer: str, right: str, intents: Sequence[str], chance: random.Random
    ) -> tuple[str, str | None] | None:
        """A rating, and with thumbs down the intent that somebody wants instead; or silence.

        Who dislikes a right answer by mistake has nothing to correct, unless that is wrong, too.
        """
        if chance.random() < SILENT:
            return None
        likes = (answer == right) != (chance.random() < self.wrong_ratings)
        mistaken = chance.random() < self.wrong_corrections
        meant = chance.choice([i for i in intents if i != right]) if mistaken else right
        if likes:
            return "thumbs_up", None
        return "thumbs_down", None if meant == answer else meant


NOISY = Users("noisy", wrong_ratings=0.2, wrong_corrections=0.1)
CLEAN = Users("clean")


def user_of(chance: random.Random) -> str:
    """Somebody."""
    return f"user-{chance.randrange(USERS)}"


def example(seed: int) -> Material:
    """The support inbox of the examples; every seed has the same rows."""
    folder = EXAMPLES / "support_routing"
    spec = yaml.safe_load((folder / "programs" / "support-routing.yaml").read_text())
    names = ("train", "holdout", "live", "test")
    return Material(spec, *(_read(folder / "data" / f"{name}.csv", "intent") for name in names))


def banking(seed: int, data: Path) -> Material:
    """13 intents of Banking77: train.csv is drawn from by seed, test.csv is the test set.

    Copies are dropped, also those that a test row is of a training row.
    """
    path = EXAMPLES / "banking77" / "programs" / "banking-13.yaml"
    spec = yaml.safe_load(path.read_text())
    wanted = set(spec["dataset"]["where"]["category"])
    seen: set[str] = set()
    train = list(_fresh(_read(data / "train.csv", "category"), wanted, seen))
    test = list(_fresh(_read(data / "test.csv", "category"), wanted, seen))
    random.Random(f"rows {seed}").shuffle(train)
    gold, rest = _first_of_each(train, PER_INTENT)
    return Material(spec, gold, rest[:HOLDOUT], rest[HOLDOUT:], test)


def _fresh(messages: Iterable[Message], wanted: set[str], seen: set[str]) -> Iterator[Message]:
    for message in messages:
        words = " ".join(re.findall(r"\w+", message.text.lower()))
        if message.intent in wanted and words not in seen:
            seen.add(words)
            yield message


def _first_of_each(messages: Sequence[Message], count: int) -> tuple[list[Message], list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    rest = []
    for message in messages:
        taken = found[message.intent]
        (taken if len(taken) < count else rest).append(message)
    return [message for taken in found.values() for message in taken], rest


def _read(path: Path, label: str) -> list[Message]:
    with path.open(encoding="utf-8", newline="") as file:
        return [Message(row["text"], row[label]) for row in csv.DictReader(file)]


def _write(path: Path, messages: Sequence[Message]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "intent"])
        writer.writerows([message.text, message.intent] for message in messages)
