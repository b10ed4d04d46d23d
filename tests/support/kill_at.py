"""Owns dying by kill -9 at one moment of a turn: `python kill_at.py MOMENT <dspyui's arguments>`.

A moment is `before-<step>` (the step is done and not recorded), `after-<step>` (it is recorded),
`before-close`, `after-close`, or `before-alias` (decided in the ledger, not yet shown in MLflow).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import patch


def die() -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def deadly(original: Callable[..., Any], when: str, *, only: str | None = None) -> Any:
    """`original`, and death before or after it; `only` for calls that name this step."""

    def call(*args: Any, **kwargs: Any) -> Any:
        meant = only is None or only in args
        if meant and when == "before":
            die()
        result = original(*args, **kwargs)
        if meant:
            die()
        return result

    return call


def arm(moment: str) -> None:
    """Patch what is called at this moment."""
    from dspyui_core.mlflow_registry import set_alias
    from dspyui_core.store.turns import Turns

    when, _, what = moment.partition("-")
    if what == "alias":
        patch("dspyui_core.promotion.projecting.set_alias", deadly(set_alias, when)).start()
    elif what == "close":
        patch.object(Turns, "close", deadly(Turns.close, when)).start()
    else:
        record = deadly(Turns.record_step, when, only=what)
        patch.object(Turns, "record_step", record).start()


if __name__ == "__main__":
    arm(sys.argv.pop(1))
    from deployments.cli.main import main

    main()
