"""The process of a stack that runs by itself: `python -m deployments.stack MARK`."""

from __future__ import annotations

import sys

from deployments.cli.output import report, say
from deployments.stack.control import run_here
from deployments.stack.screen import changes
from dspyui_core.errors import FlywheelError
from dspyui_core.settings import Settings


def main(mark: str) -> int:
    """Run the stack until told; its log says what changed."""
    try:
        run_here(Settings.read(), told=changes(say), mark=mark)
    except FlywheelError as error:
        return report(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
