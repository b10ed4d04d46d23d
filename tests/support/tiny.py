"""Owns a tiny program: four topics of a library's desk, learned in a second from 160 messages.

The labels say nothing about the messages, so the uncompiled program guesses and a compiled one
does not: a turn of it promotes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

Row = tuple[str, str]

_THINGS: Mapping[str, tuple[str, ...]] = {
    "amber": ("novel", "paperback", "atlas", "biography", "cookbook", "comic", "almanac", "poems"),
    "birch": ("fine", "penalty", "invoice", "charge", "payment", "receipt", "surcharge", "refund"),
    "coral": ("projector", "laptop", "scanner", "printer", "headphones", "tablet", "camera", "mic"),
    "delta": ("workshop", "lecture", "reading", "concert", "puppet show", "tour", "quiz", "debate"),
}
_FRAMES: Mapping[str, tuple[str, ...]] = {
    "amber": (
        "Which shelf holds the {}?",
        "I would like to borrow your newest {}",
        "My {} is due back on Friday, may I renew it",
        "Somebody returned the {} with torn pages",
        "Please reserve one copy of that {} under my name",
    ),
    "birch": (
        "Why does my account show another {}?",
        "The {} on the bill seems far too high",
        "Can I settle this {} by bank transfer",
        "You took the money for one {} twice",
        "How do I dispute the overdue {}, it was not mine",
    ),
    "coral": (
        "The {} upstairs will not switch on",
        "Is there any {} with a working cable",
        "Who repairs the broken {} beside the window?",
        "That {} makes a strange buzzing noise",
        "Where do I plug in the {}, its battery is empty",
    ),
    "delta": (
        "What time does the {} begin tonight?",
        "Are there seats left for Saturday's {}",
        "Do children need a ticket to join the {}",
        "Sign me up for the {} in the main hall",
        "Was the {} with the visiting author cancelled",
    ),
}
LABELS = tuple(_THINGS)


def rows() -> list[Row]:
    """160 (text, desk) pairs, 40 of each label, in a mixed order that is always the same."""
    return [
        (_FRAMES[label][frame].format(_THINGS[label][(thing + frame) % 8]), label)
        for thing in range(8)
        for frame in range(5)
        for label in LABELS
    ]


def unseen() -> list[Row]:
    """64 further (text, desk) pairs, 16 of each label, in other words."""
    frames = ("Hello, one question about the {} please", "Sorry to bother you, it is the {} again")
    return [
        (frame.format(thing), label)
        for frame in frames
        for number in range(8)
        for label in LABELS
        for thing in (_THINGS[label][number],)
    ]


def write_csv(path: Path, content: Iterable[Row], *, header: Row = ("text", "desk")) -> Path:
    """Write the rows as a UTF-8 CSV file and return its path."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *content])
    return path


def spec(**changes: Any) -> dict[str, Any]:
    """The program's spec as plain data, with top-level keys replaced by `changes`."""
    content: dict[str, Any] = {
        "name": "desk",
        "signature": {
            "instructions": "Say which desk answers a visitor's message.",
            "inputs": {"text": "str"},
            "outputs": {"desk": {"type": "literal", "values": "from_data"}},
        },
        "optimizer": {"name": "knn_few_shot", "options": {"k": 8}},
        "dataset": {"sources": "rows.csv"},
        "feedback": {"minimum": 5},
    }
    return content | changes


def write_program(folder: Path, **changes: Any) -> Path:
    """Write desk.yaml, and rows.csv where there is none yet; returns the spec's path."""
    if not (folder / "rows.csv").exists():
        write_csv(folder / "rows.csv", rows())
    return write_spec(folder / "desk.yaml", spec(**changes))


def write_spec(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a spec and return its path."""
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
