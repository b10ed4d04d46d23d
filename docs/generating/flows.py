"""The page of the flows: what each does, its request, and how it is deployed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, get_type_hints

import yaml
from pydantic import BaseModel

from generating.markdown import code, doc, page, table
from generating.shapes import keys
from generating.sources import ROOT

INTRODUCTION = (
    "A flow's name is the same in Prefect, in `dspyui run NAME` and in `python -m flows.…`. Its "
    "one parameter is `request`, an object with the keys below; settings and secrets are never "
    "parameters, a run reads them from its environment. `prefect.yaml` deploys them all."
)


def flows_page() -> str:
    """Every flow that prefect.yaml deploys."""
    return page("Flows", INTRODUCTION, *(_section(deployment) for deployment in deployments()))


def deployments() -> list[dict[str, Any]]:
    """The deployments as prefect.yaml has them."""
    content = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    listed: list[dict[str, Any]] = content["deployments"]
    return listed


def request_of(flow: Any) -> type[BaseModel]:
    """The record that a flow takes as its request."""
    request: type[BaseModel] = get_type_hints(flow.fn)["request"]
    return request


def _section(deployment: dict[str, Any]) -> str:
    path, _, name = deployment["entrypoint"].partition(":")
    flow = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    rows = [
        (code(f"request.{key.name}"), key.type, _default(key), key.meaning)
        for key in keys(request_of(flow))
    ]
    texts = [
        f"## `{flow.name}`",
        doc(flow.fn),
        table(("parameter", "type", "default", "meaning"), rows),
        "; ".join(_facts(deployment)) + ".",
    ]
    return "\n\n".join(texts)


def _default(key: Any) -> str:
    if key.required:
        return "required"
    return "" if key.default is None else code(key.default)


def _facts(deployment: dict[str, Any]) -> Iterator[str]:
    pool = deployment["work_pool"]["name"]
    yield f"Deployment {code(deployment['name'])}, work pool {code(pool)}"
    for schedule in deployment.get("schedules", []):
        yield f"schedule {code(schedule['cron'])} ({schedule['timezone']})"
    for trigger in deployment.get("triggers", []):
        events = ", ".join(code(event) for event in trigger["expect"])
        yield f"started by {trigger['threshold']} {events} within {trigger['within']} s"
    if "concurrency_limit" in deployment:
        yield f"at most {deployment['concurrency_limit']['limit']} run at a time, others wait"
