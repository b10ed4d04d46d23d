"""What every flow has: a name for each run, and hooks that tell a failure with its remedy."""

from __future__ import annotations

from typing import Any

from flows._hooks import tell_remedy
from flows._names import run_name

TOLD: dict[str, Any] = {
    "flow_run_name": run_name,
    "on_failure": [tell_remedy],
    "on_crashed": [tell_remedy],
}
