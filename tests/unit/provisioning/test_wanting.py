"""What a server is to have is read from prefect.yaml and from the specs, and from nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.provisioning.programs import read_programs
from deployments.provisioning.records import Wanted
from deployments.provisioning.templates import read_templates
from deployments.provisioning.wanting import wanted_deployments
from dspyui_core.errors import SpecError
from dspyui_core.testing import tiny_spec

TEMPLATES = read_templates()


def workspace(folder: Path, **specs: Any) -> Path:
    """A workspace with a spec per keyword: file name to the sections it adds."""
    (folder / "programs").mkdir()
    for name, sections in specs.items():
        content = tiny_spec().model_dump(mode="json") | {"name": name.replace("_", "-")} | sections
        path = folder / "programs" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def wanted(folder: Path) -> dict[str, Wanted]:
    found = wanted_deployments(TEMPLATES, read_programs(folder), folder)
    return {one.label: one for one in found}


def test_without_a_program_every_flow_is_deployed_for_any_and_nothing_starts_by_itself(
    tmp_path: Path,
) -> None:
    found = wanted(tmp_path)

    assert found.keys() == {f"{one.name}/{one.name}" for one in TEMPLATES}
    assert not any(one.schedules or one.trigger or one.request for one in found.values())


def test_a_program_that_says_nothing_is_deployed_and_waits_for_a_person(tmp_path: Path) -> None:
    turn = wanted(workspace(tmp_path, support={}))["data-flywheel/support"]

    assert turn.request == {"program": "programs/support.yaml"}
    assert turn.entrypoint == "flows.data_flywheel.data_flywheel"
    assert turn.schedules == ()
    assert turn.collision == "ENQUEUE"
    assert "dspyui-program-support" in turn.tags


def test_the_schedule_of_a_spec_is_that_of_its_turns(tmp_path: Path) -> None:
    schedule = {"cron": "30 3 * * *", "timezone": "Europe/Berlin"}

    found = wanted(workspace(tmp_path, support={"schedule": schedule}))

    (time,) = found["data-flywheel/support"].schedules
    assert (time.cron, time.timezone, time.active) == ("30 3 * * *", "Europe/Berlin", True)
    assert time.request == {"program": "programs/support.yaml", "reason": "on schedule"}


@pytest.mark.parametrize(("sections", "active"), [({}, False), ({"schedule": "0 2 * * *"}, True)])
def test_the_clock_spends_lm_calls_on_a_rescore_only_where_the_spec_has_a_schedule(
    tmp_path: Path, sections: dict[str, Any], active: bool
) -> None:
    found = wanted(workspace(tmp_path, support=sections))

    (weekly,) = found["rescore-champion/support"].schedules
    assert (weekly.slug, weekly.active) == ("weekly", active)


def test_a_trigger_has_a_deployment_of_its_own_that_drops_what_comes_while_it_runs(
    tmp_path: Path,
) -> None:
    trigger = {"feedback": 5, "within": 60, "debounce": 2}

    found = wanted(workspace(tmp_path, support={"trigger": trigger, "schedule": "0 2 * * *"}))

    by_feedback = found["data-flywheel/support.feedback"]
    assert (by_feedback.limit, by_feedback.collision) == (1, "CANCEL_NEW")
    assert by_feedback.trigger is not None
    assert by_feedback.trigger.model_dump() == {"program": "support", **trigger}
    assert by_feedback.schedules == ()
    assert by_feedback.tags == found["data-flywheel/support"].tags


def test_every_problem_of_every_spec_is_told_before_anything_is_deployed(tmp_path: Path) -> None:
    folder = workspace(
        tmp_path,
        one={"schedule": {"cron": "0 2 * * *", "timezone": "Mars/Olympus"}},
        two={"trigger": {"feedback": 0}},
        three={},
        four={"name": "three"},
        validate_dataset={},
    )
    (folder / "programs" / "five.yml").write_text("- no\n", encoding="utf-8")

    with pytest.raises(SpecError) as caught:
        read_programs(folder, taken=[one.name for one in TEMPLATES])

    told = {problem.column: str(problem) for problem in caught.value.problems}
    assert told.keys() == {
        "programs/one.yaml: schedule.timezone",
        "programs/two.yaml: trigger.feedback",
        "programs/three.yaml: name",
        "programs/five.yml",
        "programs/validate_dataset.yaml: name",
    }
    assert "programs/four.yaml has it" in told["programs/three.yaml: name"]


def test_what_is_in_the_package_is_the_prefect_yaml_of_the_repository() -> None:
    root = Path(__file__).parents[3]
    inside = root / "deployments" / "provisioning" / "prefect.yaml"

    assert inside.read_bytes() == (root / "prefect.yaml").read_bytes()
