"""Owns the proof that --json prints one clean document of the promised form, whatever prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.home import Finished, Home, Template

# A metric that prints wherever it can, also past Python's own streams.
NOISY = """
import os, sys, warnings

def score(example, prediction, trace=None):
    print("noise on stdout")
    print("noise on stderr", file=sys.stderr)
    os.write(1, b"noise on descriptor 1\\n")
    warnings.warn("noise as a warning")
    return float(example.desk == prediction.desk)
"""
NUMBER = (int, float)
NONE = type(None)
TURN = {
    "program": str,
    "turn": (str, NONE),
    "outcome": str,
    "dataset": (dict, NONE),
    "scores": dict,
    "decision": (dict, NONE),
    "model_version": (int, NONE),
    "lm": dict,
    "seconds": NUMBER,
}
DATASET = {"version": str} | dict.fromkeys(
    ("rows", "train", "validation", "holdout", "quarantined", "parked"), int
)
SERVERS = ("a-running-server", "an-own-server")
Turns = Callable[[str], "Turned"]


@dataclass(frozen=True)
class Turned:
    """A home whose metric prints, and its first turn."""

    home: Home
    first: Finished


@pytest.fixture(scope="module")
def turned(template: Template, side_by_side: Callable[..., Turns]) -> Turns:
    """First turns by the server they use."""
    return side_by_side(partial(_turned, template), SERVERS)


def _turned(template: Template, server: str, folder: Path) -> Turned:
    home = template.copy(folder, metric="python:noisy:score")
    (home.folder / "noisy.py").write_text(NOISY)
    if server == "an-own-server":
        home = home.alone()
    return Turned(home, home.turn())


def _has(document: Mapping[str, Any], form: Mapping[str, Any]) -> None:
    assert set(form) <= set(document)
    wrong = {
        key: document[key]
        for key, kind in form.items()
        if not isinstance(document[key], kind) or isinstance(document[key], bool)
    }
    assert wrong == {}


with_each_server = pytest.mark.parametrize("server", SERVERS)


@with_each_server
def test_stdout_is_one_document_though_the_metric_prints(turned: Turns, server: str) -> None:
    first = turned(server).first

    assert first.code == 0, first.stderr
    assert first.json["outcome"] == "promoted"
    for noise in ("on stdout", "on stderr", "on descriptor 1", "as a warning"):
        assert f"noise {noise}" not in first.stdout
        assert f"noise {noise}" in first.stderr


@with_each_server
def test_a_turns_document_has_the_promised_keys_and_types(turned: Turns, server: str) -> None:
    turn = turned(server).first.json

    _has(turn, TURN)
    _has(turn["dataset"], DATASET)
    _has(turn["scores"], {"baseline": NUMBER, "champion": NONE, "candidate": NUMBER})
    assert 0 <= turn["scores"]["baseline"] < turn["scores"]["candidate"] <= 1
    _has(turn["decision"], {"verdict": str, "reasons": list})
    assert all(isinstance(reason, str) for reason in turn["decision"]["reasons"])
    _has(turn["lm"], {"calls": int, "usd": NUMBER})
    assert turn["dataset"]["rows"] == 160
    assert turn["model_version"] == 1


COMMANDS = {
    "the-command": ("-m", "deployments.cli", "run", "data-flywheel"),
    "the-flow-module": ("-m", "flows.data_flywheel"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_idle_turn_says_nothing_new_and_does_nothing(trained: Home, command: str) -> None:
    arguments = ("--program", "desk.yaml", "--json")

    idle = trained.run([sys.executable, *COMMANDS[command], *arguments])

    assert idle.code == 0, idle.stderr
    _has(idle.json, TURN)
    assert idle.json["outcome"] == "nothing-new"
    assert idle.json["dataset"]["rows"] == 160
    assert idle.json["lm"]["calls"] == 0
    assert "compiling" not in idle.stderr
    assert trained.turns() == [("desk-0001", "promoted")]
    assert [version.number for version in trained.versions()] == [1]
