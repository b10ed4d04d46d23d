"""Owns a supervisor of fake services as a process: `HOME MARK DEED...`, one service a deed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deployments.signals import until_told
from deployments.stack.supervisor import Supervisor
from dspyui_core.errors import FlywheelError
from support.stacks import fake_service


def main(home: str, mark: str, *deeds: str) -> int:
    """Run the stack until told; 1 where it does not start."""
    services = [fake_service(f"fake{n}", deed, Path(home)) for n, deed in enumerate(deeds)]
    supervisor = Supervisor(Path(home), services, dict(os.environ), mark=mark)
    try:
        with until_told() as stop:
            supervisor.run(stop)
    except FlywheelError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
