"""Where the worker finds a workspace: a variable of the server, for people to change."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate
from prefect.exceptions import ObjectAlreadyExists

from deployments.provisioning.desk import Desk

_DIGITS = 6


def folder_variable(folder: Path) -> str:
    """The name of the variable that holds the folder of this workspace."""
    return f"dspyui_workspace_{hashlib.sha256(str(folder).encode()).hexdigest()[:_DIGITS]}"


def settle_folder(desk: Desk, folder: Path) -> None:
    """The variable of a workspace. One that is there stays: workers may have it elsewhere."""
    name = folder_variable(folder)
    piece = f"variable {name}"
    if desk.client.read_variable_by_name(name) is not None:
        desk.leave(piece)
        return
    made = VariableCreate(name=name, value=str(folder), tags=["dspyui"])
    desk.do("created", piece, lambda: _create(desk.client, made))


def _create(client: SyncPrefectClient, variable: VariableCreate) -> None:
    with suppress(ObjectAlreadyExists):
        client.create_variable(variable)
