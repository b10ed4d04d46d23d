"""Owns the process of one service: it runs a module as a script, and ends with its supervisor.

Run with the supervisor's process id, whether the kernel may tie this process to it, the module,
and the module's arguments.
"""

from __future__ import annotations

import os
import runpy
import sys

from deployments._parent import die_with
from deployments.stack.processes import MARK, kill_marked


def main(parent: int, watch: str, module: str, arguments: list[str]) -> None:
    """Run the module until it ends, or is orphaned; then nothing of the stack stays behind.

    A flow run has a session of its own, so it outlives its worker unless somebody ends it.
    """
    stack, _, _ = os.environ[MARK].partition(".")
    die_with(parent, by_kernel=watch == "kernel", first=lambda: kill_marked(stack))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
