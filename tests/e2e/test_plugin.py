"""Owns the proof that an installed plugin's metric, optimizer and check take part in a turn."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.home import ROOT, Finished, Home, Template
from support.markdown import blocks_of

PLUGIN = ROOT / "tests" / "plugin"
SPEC = (PLUGIN / "desk.yaml").read_text(encoding="utf-8")
SHOWN = [
    (command, lines)
    for block in blocks_of(ROOT / "CONTRIBUTING.md")
    if block.language == "console"
    for command, lines in block.commands()
    if command.startswith("dspyui ")
]


@dataclass(frozen=True)
class Desk:
    """A home whose commands find the plugin, and what CONTRIBUTING's commands said there."""

    home: Home
    path: str
    said: dict[str, Finished]

    def dspyui(self, *arguments: str) -> Finished:
        """Run a command with the plugin installed."""
        return self.home.dspyui(*arguments, PYTHONPATH=self.path)

    def changed(self, name: str, **words: str) -> str:
        """The name of a new spec file, the plugin's own with words replaced."""
        text = SPEC
        for old, new in words.items():
            assert old in text
            text = text.replace(old, new)
        (self.home.folder / name).write_text(text)
        return name


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the plugin is built and installed, without a network."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    # Building leaves files beside the sources.
    shutil.copytree(PLUGIN, source, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    site = tmp_path_factory.mktemp("site")
    alone = ("--no-deps", "--no-build-isolation", "--no-index", "--target", str(site))
    install = [sys.executable, "-m", "pip", "install", "--quiet", *alone, str(source)]
    done = subprocess.run(install, check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture(scope="module")
def desk(template: Template, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    home = template.copy(tmp_path_factory.mktemp("desk"))
    (home.folder / "desk.yaml").write_text(SPEC)
    path = f"{site}{os.pathsep}{home.environment()['PYTHONPATH']}"
    commands = dict.fromkeys(command for command, _ in SHOWN)
    said = {c: home.dspyui(*shlex.split(c)[1:], PYTHONPATH=path) for c in commands}
    return Desk(home, path, said)


@pytest.mark.parametrize(("command", "lines"), SHOWN)
def test_a_command_of_contributing_prints_what_is_shown(
    desk: Desk, command: str, lines: list[str]
) -> None:
    printed = desk.said[command].stdout.splitlines()

    assert desk.said[command].code == 0, desk.said[command].stderr
    words = [" ".join(line.split()) for line in printed]
    missing = [line for line in lines if " ".join(line.split()) not in words]
    assert lines
    assert missing == [], "\n".join(printed)


def test_the_plugins_optimizer_compiled_the_candidate(desk: Desk) -> None:
    parameters = dict(desk.home.query("mlflow/mlflow.db", "select key, value from params"))

    assert parameters["optimizer"] == "balanced_demos"
    assert parameters["note"].startswith("32 demos, 8 of each label")
    (program,) = (desk.home.path / "mlflow").rglob("program.json")
    demos = json.loads(program.read_text())["demos"]
    assert sorted(demo["desk"] for demo in demos) == sorted(
        ["amber", "birch", "coral", "delta"] * 8
    )


def test_the_plugins_metric_scored_the_holdout(desk: Desk) -> None:
    (table,) = (desk.home.path / "mlflow").rglob("evaluation.json")
    content = json.loads(table.read_text())

    scores = {round(row[content["columns"].index("score")], 3) for row in content["data"]}

    assert scores == {0.0, 0.333, 0.667, 1.0}


def test_the_plugins_check_is_in_the_turns_report(desk: Desk) -> None:
    ((problems,),) = desk.home.query(
        "state.db", "select json_extract(ref, '$.ref.problems') from step where name = 'snapshot'"
    )

    assert "| burst | pass | 0 |  |\n| long_inputs | warn | 25 |" in problems


def test_the_plugins_check_can_block_a_turn(desk: Desk) -> None:
    spec = desk.changed("strict.yaml", **{"desk\n": "strict\n", "10}": "10, severity: block}"})

    turn = desk.dspyui("run", "data-flywheel", "--program", spec, "--json")

    assert turn.code == 3, turn.stderr
    assert turn.json["outcome"] == "blocked"
    assert turn.json["lm"]["calls"] == 0


def test_a_wrong_option_of_a_plugin_is_told_with_its_key_and_the_nearest_match(desk: Desk) -> None:
    spec = desk.changed(
        "wrong.yaml", **{"values: [": "value: [", "per_label": "per_lable", "words": "wrds"}
    )

    checked = desk.dspyui("program", "check", spec)

    assert checked.code == 2
    said = " ".join(checked.stderr.split())
    meant = {"metric": "value", "optimizer": "per_lable", "dataset.checks.extra.0": "wrds"}
    for key, option in meant.items():
        assert f"{key}.options.{option}: is not a key that exists here" in said
    for name in ("values", "per_label", "words"):
        assert f"did you mean '{name}'?" in said


def test_where_the_plugin_is_not_installed_its_names_are_unknown(desk: Desk) -> None:
    checked = desk.home.dspyui("program", "check", "desk.yaml")

    assert checked.code == 2
    for kind in ("metric", "optimizer", "check"):
        assert f"is no {kind}" in checked.stderr
