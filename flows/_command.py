"""`python -m flows.<flow>` is the command `dspyui run <flow>`, server rule and all."""

from __future__ import annotations

import os
import sys


def run_as_command(flow: str) -> None:
    """Become the dspyui command for this flow, with the arguments given."""
    command = [sys.executable, "-m", "deployments.cli", "run", flow, *sys.argv[1:]]
    os.execv(sys.executable, command)
