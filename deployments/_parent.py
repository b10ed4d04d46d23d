"""Owns the tie between a server of ours and the process that started it: one ends, both end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

WATCH_SECONDS = 0.5
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int, *, by_kernel: bool, first: Callable[[], object] = lambda: None) -> None:
    """End this process when `parent` ends, however it ends; `first` is called before, by the watch.

    The kernel's way is immediate but bound to the thread that started this process, so it is
    only taken where that is the parent's main thread. The watch works everywhere.
    """
    if by_kernel and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent, first), daemon=True).start()


def _watch(parent: int, first: Callable[[], object]) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    try:
        first()
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
