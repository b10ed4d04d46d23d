"""The first step of a deployed run: into the workspace, which each host may have where it likes."""

from __future__ import annotations

import os
from pathlib import Path

from dspyui_core.errors import InputError

WORKSPACE = "DSPYUI_WORKSPACE"


def enter_workspace(directory: str) -> dict[str, str]:
    """Go to the folder that was deployed; on a host without it, to its own DSPYUI_WORKSPACE.

    A relative program path starts there. Raises InputError where there is neither.
    """
    places = [Path(place) for place in (directory, os.environ.get(WORKSPACE)) if place]
    chosen = next((place for place in places if place.is_dir()), None)
    if chosen is None:
        raise InputError(
            f"there is no workspace {' and no '.join(map(repr, map(str, places)))} on this host",
            hint=f"copy the programs and their data there, or set {WORKSPACE} for its worker",
        )
    os.chdir(chosen)
    return {"directory": str(chosen.resolve())}
