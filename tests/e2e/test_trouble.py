"""Owns what a turn does when rows, the metric, the LM or another turn are in its way."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dspyui_core.datasets.rows import Row
from dspyui_core.evaluation import evaluate
from dspyui_core.lms import open_lm
from dspyui_core.metrics import create_metric
from dspyui_core.programs import build
from dspyui_core.spec import parse_spec
from support import tiny
from support.home import Home
from support.openai_server import OpenAIServer, Reply, Slow, embedded_answer
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


def test_rows_with_an_unknown_label_are_quarantined_and_the_turn_goes_on(home: Home) -> None:
    signature = tiny.spec()["signature"] | {"outputs": CLOSED}
    tiny.write_program(home.folder, signature=signature)
    odd = [("Whose zebra is this?", "zebra"), ("A yak at the door", "yak")]
    tiny.write_csv(home.folder / "rows.csv", [*odd, *tiny.rows()])

    turn = home.turn()

    assert turn.code == 0, turn.stderr
    assert turn.json["outcome"] == "promoted"
    assert turn.json["dataset"]["quarantined"] == 2
    assert turn.json["dataset"]["rows"] == 160


def test_a_metric_that_raises_on_some_rows_costs_those_rows_only(home: Home) -> None:
    (home.folder / "raising.py").write_text(RAISING)
    tiny.write_program(home.folder, metric="python:raising:score")

    turn = home.turn()

    assert turn.code == 0, turn.stderr
    assert turn.json["outcome"] == "promoted"
    _, step = home.steps()["evaluate"]
    failed = json.loads(step)["ref"]["failed"]
    assert 0 < failed["baseline"] == failed["candidate"] < 10
    assert "Traceback" not in turn.stderr


def test_a_turn_without_its_lm_fails_and_goes_on_when_the_lm_is_back(home: Home) -> None:
    port = free_port()
    lm = {"name": "openai/loopback", "api_base": f"http://127.0.0.1:{port}/v1", "num_retries": 0}
    tiny.write_program(home.folder, lm=lm)
    key = {"OPENAI_API_KEY": "sk-loopback-0123456789", "NO_PROXY": "127.0.0.1"}

    away = home.turn(**key)
    with OpenAIServer(port=port):
        back = home.turn(**key)

    assert (away.code, away.json["outcome"]) == (1, "failed"), away.stderr
    assert "run the same command again" in away.json["message"]
    assert "Traceback" not in away.stderr
    assert "resuming turn desk-0001" in back.stderr
    assert (back.code, back.json["outcome"]) == (0, "promoted"), back.stderr
    assert home.turns() == [("desk-0001", "promoted")]


def test_an_lm_that_times_out_is_asked_again_and_then_costs_its_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    spec = parse_spec(tiny.spec(signature=tiny.spec()["signature"] | {"outputs": CLOSED}))
    rows = [
        Row.of({"text": text}, {"desk": desk}, "gold", source="rows.csv")
        for text, desk in tiny.rows()[:3]
    ]
    script = [Slow(30), Slow(30), Reply(embedded_answer)]
    with OpenAIServer(script) as server:
        card = evaluate(
            build(spec),
            rows,
            create_metric(spec.metric, spec.signature.outputs),
            lm=open_lm(
                "openai/loopback",
                cache_dir=None,
                api_base=server.address,
                timeout=0.5,
                num_retries=1,
            ),
            program_digest="",
            dataset_version="",
            split="holdout",
            metric_name="exact_match",
        )
        requests = len(server.received)

    assert requests == 4
    assert [row.score is None for row in card.rows] == [True, False, False]
    assert "did not answer in time" in card.rows[0].error


def test_a_second_turn_at_once_is_refused_and_the_first_completes(home: Home) -> None:
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
        said, _ = first.communicate(timeout=60)

    assert (second.code, second.json["outcome"]) == (1, "failed")
    assert f"already running (process {first.pid})" in second.stderr
    assert "wait until it ends" in second.stderr
    assert "Traceback" not in second.stderr
    assert (first.returncode, json.loads(said)["outcome"]) == (0, "promoted")
    assert home.turns() == [("desk-0001", "promoted")]
