"""Planting: clean rows of data, and defects of each kind put into them at known rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Cells = dict[str, Any]
Plant = Callable[[Cells, random.Random], Cells]

INTENTS = ("cancel", "change", "refund", "status", "upgrade")
SIGNATURE = {
    "inputs": {"text": "str"},
    "outputs": {"intent": {"type": "literal", "values": list(INTENTS)}, "stars": "int"},
}
"""The inputs and outputs of a program that takes the clean rows."""


@dataclass(frozen=True)
class Planted:
    """Rows with defects in them; `where` are the 1-based data rows that have one."""

    rows: tuple[Cells, ...]
    where: frozenset[int]


def clean_rows(count: int, seed: int = 0) -> list[Cells]:
    """Rows of `SIGNATURE` without a defect: texts of random words, no two alike."""
    chance = random.Random(seed)
    return [
        {
            "text": " ".join(_word(chance) for _ in range(chance.randint(6, 14))),
            "intent": INTENTS[number % len(INTENTS)],
            "stars": str(chance.randint(1, 5)),
        }
        for number in range(count)
    ]


def planted(rows: Sequence[Mapping[str, Any]], kind: str, count: int, seed: int = 0) -> Planted:
    """`count` rows, drawn at random, with a defect of a kind of `PLANTS`; the others unchanged."""
    chance = random.Random(f"{kind} {seed}")
    where = frozenset(chance.sample(range(1, len(rows) + 1), count))
    plant = PLANTS[kind]
    made = [
        plant(dict(row), chance) if number in where else dict(row)
        for number, row in enumerate(rows, 1)
    ]
    return Planted(tuple(made), where)


def _word(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10)))


def _type_error(row: Cells, chance: random.Random) -> Cells:
    return {**row, "stars": chance.choice(["many", "3.5", "1e3x", "true", "[3]", "٣.٥"])}


def _label_error(row: Cells, chance: random.Random) -> Cells:
    wrong = ["Refund", "refunds", "none", f"{row['intent']}.", _word(chance) + "-"]
    return {**row, "intent": chance.choice(wrong)}


def _blank(row: Cells, chance: random.Random) -> Cells:
    column = chance.choice(["text", "intent", "stars"])
    return {**row, column: chance.choice(["", " ", "\t\n", "\u00a0", "\u3000"])}


def _invisible(row: Cells, chance: random.Random) -> Cells:
    return {**row, "text": chance.choice(["\u200b", "\ufeff \u200d", "\u2800\u2800", "\u00ad"])}


def _damage(row: Cells, chance: random.Random) -> Cells:
    texts = ["caf\ufffd", "café", "für", "it’s", "£5", "a\0b", "bell\x07", "“so”", "Привет"]
    text = chance.choice(texts)
    sound = text.isascii() or "\ufffd" in text
    broken = text if sound else text.encode().decode("cp1252", "replace").replace("\ufffd", "\x9d")
    return {**row, "text": f"{row['text']} {broken}"}


def _too_long(row: Cells, chance: random.Random) -> Cells:
    return {**row, "text": row["text"] + " x" * chance.randint(10_000, 12_000)}


def _personal(row: Cells, chance: random.Random) -> Cells:
    found = ["ann.lee@example.org", "+44 20 7946 0958", "4111 1111 1111 1111", "192.168.4.20"]
    found += ["DE89 3704 0044 0532 0130 00", "ghp_" + "a1B2" * 8, "219-09-9999"]
    return {**row, "text": f"{row['text']} {chance.choice(found)} thanks"}


def repeated(rows: Sequence[Mapping[str, Any]], kind: str, count: int, seed: int = 0) -> Planted:
    """The rows, then `count` more, each a repeat of another of them as `REPEATS` has it.

    `where` are the data rows of the repeats, and of `conflict` those of what they repeat, too.
    """
    chance = random.Random(f"{kind} {seed}")
    first = chance.sample(range(1, len(rows) + 1), count)
    again = [REPEATS[kind](dict(rows[number - 1]), chance) for number in first]
    where = {len(rows) + number for number in range(1, count + 1)}
    both = {*where, *first} if kind == "conflict" else where
    return Planted((*map(dict, rows), *again), frozenset(both))


def _same(row: Cells, chance: random.Random) -> Cells:
    return row


def _normalised(row: Cells, chance: random.Random) -> Cells:
    text = row["text"]
    wide = "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in text)
    forms = [text.upper(), text.title(), f"  {text}\n", text.replace(" ", "  "), wide]
    return {**row, "text": chance.choice(forms)}


def _conflict(row: Cells, chance: random.Random) -> Cells:
    others = [intent for intent in INTENTS if intent != row["intent"]]
    return {**row, "intent": chance.choice(others)}


REPEATS: dict[str, Plant] = {"conflict": _conflict, "normalised": _normalised, "same": _same}
PLANTS: dict[str, Plant] = {
    "blank": _blank,
    "damage": _damage,
    "invisible": _invisible,
    "label": _label_error,
    "length": _too_long,
    "personal": _personal,
    "type": _type_error,
}
