"""Running one flow under the Prefect server rule."""

from __future__ import annotations

import importlib
from typing import Any

from deployments.cli import output
from deployments.prefect_server import prefect_api


def run_flow(name: str, request: Any, *, verbose: bool) -> Any:
    """Run the flow called `name` with its request and return what it returns.

    The server starts while the flow's imports and the workspace are loading. Raises what the
    flow raises, and ServerError where there is no server.
    """
    from dspyui_core.workspace import Workspace

    output.show_progress()
    home = Workspace.open().home
    with prefect_api(home, verbose=verbose) as server:
        if server.owned_pid is not None:
            output.say("starting a Prefect server for this run")
        module = importlib.import_module(f"flows.{name.replace('-', '_')}")
        server.wait()
        return getattr(module, name.replace("-", "_"))(request)
