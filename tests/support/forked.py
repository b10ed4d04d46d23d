"""Owns children of the test process: forked to do one thing, and gone when it is done."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def forked(work: Callable[[], object]) -> int:
    """Run work in a forked child, which exits with 0, or with 1 where work raised; its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - the edge where a child ends
        # Nobody else would ever see it.
        traceback.print_exc()
    finally:
        # Nothing of the test process that it was may end a second time in here.
        os._exit(code)


def exit_code(child: int) -> int:
    """Wait for the end of a child; its exit code, negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
