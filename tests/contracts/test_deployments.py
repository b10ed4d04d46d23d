"""prefect.yaml deploys every flow once, under its own name, from an entry point that loads."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import typer
import yaml
from prefect.flows import load_flow_from_entrypoint

from contracts.source import ROOT, Source, dotted, sources
from deployments.cli.run import app

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / "prefect.yaml").read_text(encoding="utf-8")
)["deployments"]
STORIES = [s for s in sources("flows") if not s.path.name.startswith("_")]
NAMES = sorted(deployment["name"] for deployment in DEPLOYMENTS)


def _flow_name(source: Source) -> str:
    """The name in a file's one @flow."""
    (name,) = [
        ast.literal_eval(keyword.value)
        for call in source.nodes(ast.Call)
        if dotted(call.func) == "flow"
        for keyword in call.keywords
        if keyword.arg == "name"
    ]
    return str(name)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=[d["name"] for d in DEPLOYMENTS])
def test_a_deployment_loads_a_flow_of_its_own_name(
    deployment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(ROOT)

    flow = load_flow_from_entrypoint(deployment["entrypoint"])

    assert flow.name == deployment["name"]
    assert set(deployment["parameters"]) == set(flow.parameters.properties)


def test_every_flow_has_one_deployment_and_no_other_exists() -> None:
    assert sorted(_flow_name(source) for source in STORIES) == NAMES


def test_every_flow_is_a_command_by_the_same_name() -> None:
    commands = typer.main.get_command(app)

    assert sorted(getattr(commands, "commands", ())) == NAMES


@pytest.mark.parametrize("story", STORIES, ids=[s.module for s in STORIES])
def test_a_flows_file_run_as_a_module_is_its_command(story: Source) -> None:
    last = story.tree.body[-1]

    assert story.path.stem == _flow_name(story).replace("-", "_")
    assert ast.unparse(last).replace('"', "'") == (
        f"if __name__ == '__main__':\n    run_as_command('{_flow_name(story)}')"
    )


def test_only_the_turn_and_what_looks_after_the_champion_have_a_schedule() -> None:
    scheduled = {d["name"]: d["schedules"] for d in DEPLOYMENTS if "schedules" in d}

    slugs = {name: [schedule["slug"] for schedule in found] for name, found in scheduled.items()}
    assert slugs == {
        "data-flywheel": ["nightly"],
        "rescore-champion": ["weekly"],
        "watch-champion": ["every-ten-minutes"],
    }


def test_no_parameter_of_a_deployment_is_a_secret() -> None:
    words = ("key", "token", "secret", "password", "url")
    parameters = [name for d in DEPLOYMENTS for name in d["parameters"]["request"]]

    assert not [name for name in parameters if any(word in name for word in words)]
