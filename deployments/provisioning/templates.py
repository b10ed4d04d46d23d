"""prefect.yaml, the one place that says which flows are deployed, and how."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deployments.provisioning.records import ClockTime, Template

# In the package by a link, so that an installed one has it, too.
PREFECT_YAML = Path(__file__).with_name("prefect.yaml")


def read_templates(path: Path = PREFECT_YAML) -> tuple[Template, ...]:
    """The deployments of prefect.yaml, in its order."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_template(deployment) for deployment in content["deployments"])


def _template(content: Mapping[str, Any]) -> Template:
    limit = content.get("concurrency_limit") or {}
    return Template(
        name=content["name"],
        entrypoint=_module_path(content["entrypoint"]),
        tags=tuple(content["tags"]),
        pool=content["work_pool"]["name"],
        schedules=tuple(_clock(schedule) for schedule in content.get("schedules", ())),
        limit=limit.get("limit"),
        collision=limit.get("collision_strategy"),
    )


def _clock(content: Mapping[str, Any]) -> ClockTime:
    keys = ("slug", "cron", "interval", "timezone")
    return ClockTime(**{key: content[key] for key in keys if key in content})


def _module_path(entrypoint: str) -> str:
    """`flows/a.py:b` as `flows.a.b`, which is found wherever the package is installed."""
    file, _, flow = entrypoint.partition(":")
    return f"{file.removesuffix('.py').replace('/', '.')}.{flow}"
