"""Owns the process of the stack's MLflow server: the home's own record, on an inherited socket."""

from __future__ import annotations

import os
import socket
import sys

from dspyui_core.settings import Settings

SHUTDOWN_SECONDS = 3


def serve(descriptor: int, settings: Settings) -> None:
    """Serve MLflow's API and UI over the database and artifacts that every command uses.

    In one process: `mlflow server` starts others, which outlive it when it is killed.
    """
    from dspyui_core.mlflow_tracking import open_client

    # Makes a new database under the lock that commands take, too: two migrations break each other.
    open_client(settings.tracking_uri())
    _point_server_at(settings)
    import uvicorn
    from mlflow.server.fastapi_app import app

    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=SHUTDOWN_SECONDS, lifespan="on"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def _point_server_at(settings: Settings) -> None:
    from mlflow import server
    from mlflow.server.handlers import initialize_backend_stores

    uri, artifacts = settings.tracking_uri(), settings.artifact_root()
    os.environ[server.BACKEND_STORE_URI_ENV_VAR] = uri
    os.environ[server.REGISTRY_STORE_URI_ENV_VAR] = uri
    os.environ[server.ARTIFACT_ROOT_ENV_VAR] = artifacts
    initialize_backend_stores(uri, uri, artifacts)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Settings.read())
