"""Owns what a turn does when rows, the metric, the LM or another turn are in its way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from dspyui_core.datasets.rows import Row
from dspyui_core.evaluation import evaluate
from dspyui_core.lms import open_lm
from dspyui_core.metrics import create_metric
from dspyui_core.programs import build
from dspyui_core.spec import parse_spec
from support import tiny
from support.home import Finished, Home, Template
from support.openai_server import OpenAIServer, Reply, Slow, Step, embedded_answer
from support.processes import free_port, wait_until

RAISING = """
def score(example, prediction, trace=None):
    if "projector" in example.text:
        raise ValueError("no score for projectors")
    return float(example.desk == prediction.desk)
"""
WAITING = """
import time
from pathlib import Path

def score(example, prediction, trace=None):
    Path("began").touch()
    while not Path("go-on").exists():
        time.sleep(0.05)
    return float(example.desk == prediction.desk)
"""
CLOSED = {"desk": {"type": "literal", "values": list(tiny.LABELS)}}
KEY = {"OPENAI_API_KEY": "sk-loopback-0123456789", "NO_PROXY": "127.0.0.1"}
Play = Callable[[str], tuple[Home, list[Finished]]]


def _two_odd_labels(home: Home) -> list[Finished]:
    tiny.write_program(home.folder, signature=tiny.spec()["signature"] | {"outputs": CLOSED})
    odd = [("Whose zebra is this?", "zebra"), ("A yak at the door", "yak")]
    tiny.write_csv(home.folder / "rows.csv", [*odd, *tiny.rows()])
    return [home.turn()]


def _a_raising_metric(home: Home) -> list[Finished]:
    (home.folder / "raising.py").write_text(RAISING)
    tiny.write_program(home.folder, metric="python:raising:score")
    return [home.turn()]


def _an_lm_that_is_away(home: Home) -> list[Finished]:
    port = free_port()
    lm = {"name": "openai/loopback", "api_base": f"http://127.0.0.1:{port}/v1", "num_retries": 0}
    tiny.write_program(home.folder, lm=lm)
    away = home.turn(**KEY)
    with OpenAIServer(port=port):
        return [away, home.turn(**KEY)]


def _two_turns_at_once(home: Home) -> list[Finished]:
    (home.folder / "waiting.py").write_text(WAITING)
    tiny.write_program(home.folder, metric="python:waiting:score")
    command = [sys.executable, "-m", "deployments.cli", "run", "data-flywheel"]
    with subprocess.Popen(
        [*command, "--program", "desk.yaml", "--json"],
        env=home.environment(),
        cwd=home.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as first:
        try:
            wait_until((home.folder / "began").exists, 60)
            second = home.turn()
        finally:
            (home.folder / "go-on").touch()
        said, told = first.communicate(timeout=60)
    return [Finished(first.pid, first.returncode, said, told), second]


SCENES = {
    "two-odd-labels": _two_odd_labels,
    "a-raising-metric": _a_raising_metric,
    "an-lm-that-is-away": _an_lm_that_is_away,
    "two-turns-at-once": _two_turns_at_once,
}


@pytest.fixture(scope="module")
def play(template: Template, side_by_side: Callable[..., Play]) -> Play:
    """A scene's home and commands."""
    return side_by_side(partial(_play, template), SCENES)


def _play(template: Template, scene: str, folder: Path) -> tuple[Home, list[Finished]]:
    home = template.copy(folder)
    return home, SCENES[scene](home)


def scene(name: str) -> pytest.MarkDecorator:
    """The test is about this scene."""
    return pytest.mark.parametrize("scene", [name])


@scene("an-lm-that-is-away")
def test_a_turn_without_its_lm_fails_and_goes_on_when_the_lm_is_back(
    play: Play, scene: str
) -> None:
    home, (away, back) = play(scene)

    assert (away.code, away.json["outcome"]) == (1, "failed"), away.stderr
    assert "run the same command again" in away.json["message"]
    assert "Traceback" not in away.stderr
    assert "resuming turn desk-0001" in back.stderr
    assert (back.code, back.json["outcome"]) == (0, "promoted"), back.stderr
    assert home.turns() == [("desk-0001", "promoted")]


@scene("two-odd-labels")
def test_rows_with_an_unknown_label_are_quarantined_and_the_turn_goes_on(
    play: Play, scene: str
) -> None:
    _, (turn,) = play(scene)

    assert turn.code == 0, turn.stderr
    assert turn.json["outcome"] == "promoted"
    assert turn.json["dataset"]["quarantined"] == 2
    assert turn.json["dataset"]["rows"] == len(tiny.rows())


@scene("a-raising-metric")
def test_a_metric_that_raises_on_some_rows_costs_those_rows_only(play: Play, scene: str) -> None:
    home, (turn,) = play(scene)

    assert turn.code == 0, turn.stderr
    assert turn.json["outcome"] == "promoted"
    _, step = home.steps()["evaluate"]
    failed = json.loads(step)["ref"]["failed"]
    assert 0 < failed["baseline"] == failed["candidate"] < 10
    assert "Traceback" not in turn.stderr


@scene("two-turns-at-once")
def test_a_second_turn_at_once_is_refused_and_the_first_completes(play: Play, scene: str) -> None:
    home, (first, second) = play(scene)

    assert (second.code, second.json["outcome"]) == (1, "failed")
    assert f"already running (process {first.pid})" in second.stderr
    assert "wait until it ends" in second.stderr
    assert "Traceback" not in second.stderr
    assert (first.code, first.json["outcome"]) == (0, "promoted")
    assert home.turns() == [("desk-0001", "promoted")]


def test_an_lm_that_times_out_is_asked_again_and_then_costs_its_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    spec = parse_spec(tiny.spec(signature=tiny.spec()["signature"] | {"outputs": CLOSED}))
    rows = [
        Row.of({"text": text}, {"desk": desk}, "gold", source="rows.csv")
        for text, desk in tiny.rows()[:3]
    ]
    script: list[Step] = [Slow(30), Slow(30), Reply(embedded_answer)]
    with OpenAIServer(script) as server:
        lm = open_lm(
            "openai/loopback",
            cache_dir=None,
            api_base=server.address,
            timeout=0.5,
            num_retries=1,
        )
        card = evaluate(
            build(spec),
            rows,
            create_metric(spec.metric, spec.signature.outputs),
            lm=lm,
            program_digest="",
            dataset_version="",
            split="holdout",
            metric_name="exact_match",
        )
        requests = len(server.received)

    assert requests == 4
    assert [row.score is None for row in card.rows] == [True, False, False]
    assert "did not answer in time" in card.rows[0].error
