"""Owns a Prefect server as the tests of provisioning ask it, and a workspace deployed to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml

from deployments.provisioning import Provisioned, provision
from dspyui_core.settings import NotifySettings
from dspyui_core.testing import tiny_spec
from support.processes import wait_until


@dataclass
class Server:
    """A Prefect server with all its services, and a workspace that is deployed to it."""

    url: str
    folder: Path
    env: Mapping[str, str]

    def ask(self, path: str, question: Mapping[str, Any] | None = None) -> Any:
        body = None if question is None else json.dumps(question).encode()
        request = Request(f"{self.url}{path}", body, {"Content-Type": "application/json"})
        return wait_until(lambda: _answer(request), 20)[0]

    def change(self, path: str, **content: Any) -> None:
        body, headers = json.dumps(content).encode(), {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.url}{path}", body, headers, method="PATCH"), timeout=10):
            pass

    def write(self, name: str, **sections: Any) -> Path:
        path = self.folder / "programs" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        content = tiny_spec().model_dump(mode="json") | {"name": name} | sections
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def deploy(self, **notify: str) -> Provisioned:
        told = NotifySettings.model_validate(notify)
        return provision(self.url, self.folder, notify=told)

    def turns_of(self, name: str) -> dict[str, Any]:
        """The deployment by which a program takes turns."""
        (found,) = [
            one
            for one in self.ask("/deployments/filter", {})
            if one["name"] == name and "data_flywheel" in one["entrypoint"]
        ]
        return found

    def ids(self) -> dict[str, str]:
        """Everything that a second deploy could have made twice, by name."""
        pieces = [*self.ask("/deployments/filter", {}), *self.ask("/automations/filter", {})]
        limits = self.ask("/v2/concurrency_limits/filter", {})
        return {f"{one['name']} {one.get('entrypoint', '')}": one["id"] for one in pieces + limits}

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        wanted = {"deployments": {"id": {"any_": [self.turns_of(deployment)["id"]]}}}
        return self.ask("/flow_runs/filter", wanted)


def _answer(request: Request) -> list[Any]:
    """The answer in a list, or an empty one: a busy SQLite is told as 503, and asked again."""
    try:
        with urlopen(request, timeout=10) as answer:
            return [json.load(answer)]
    except HTTPError as error:
        if error.code != 503:
            raise
        return []
