"""Owns what a killed stack left in Prefect: runs and slots that it takes for used for ever.

Run with the address of the stack's own Prefect API, the work pool and the folder of the leases,
while no worker is there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from tasks._keys import RESUMES, limit_name

SECONDS = 30.0
# Prefect's most for one answer; a worker of one home has a handful.
PAGE = 200
ENDED = "the stack ended while it ran"
AGAIN = {
    "type": "SCHEDULED",
    "name": "AwaitingRetry",
    "message": f"{ENDED}; it goes on where it was",
}
CRASHED = {"type": "CRASHED", "name": "Crashed", "message": f"{ENDED}; look what it did before"}


def revive(api_url: str, pool: str) -> list[str]:
    """Schedule every run of the pool that somebody took and nobody ended; returns their names.

    A turn knows its finished steps, so it goes on where it was. What had begun and is not to be
    repeated, as a rollback, has crashed. Raises OSError where the server does not answer.
    """
    wanted = {
        "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}},
        "work_pools": {"name": {"any_": [pool]}},
        "limit": PAGE,
    }
    found = _ask(f"{api_url}/flow_runs/filter", wanted)
    revived = [run for run in found if RESUMES in run["tags"] or run["state"]["type"] == "PENDING"]
    for run in found:
        state = AGAIN if run in revived else CRASHED
        # Forced: Prefect would not let a running one be scheduled. Its slot is given back.
        _ask(f"{api_url}/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    return [str(run["name"]) for run in revived]


def free_slots(api_url: str, leases: Path) -> list[str]:
    """Give back the slots of our programs' global limits that dead runs hold; returns their names.

    A lease that is still written down would give its slot back later, when another has it.
    """
    for lease in leases.glob("*.json"):
        lease.unlink(missing_ok=True)
    found = _ask(f"{api_url}/v2/concurrency_limits/filter", {})
    held = [
        limit["name"]
        for limit in found
        if limit["name"].startswith(limit_name("")) and limit["active_slots"]
    ]
    for name in held:
        _ask(f"{api_url}/v2/concurrency_limits/{quote(name)}", {"active_slots": 0}, method="PATCH")
    return held


def _ask(url: str, question: Any, *, method: str = "POST") -> Any:
    headers = {"Content-Type": "application/json"}
    request = Request(url, json.dumps(question).encode(), headers, method=method)
    with urlopen(request, timeout=SECONDS) as answer:
        return json.loads(answer.read() or b"null")


def main(api_url: str, pool: str, leases: str) -> None:
    """Do both, and say so in the log."""
    for name in revive(api_url, pool):
        sys.stderr.write(f"goes on: {name}\n")
    for name in free_slots(api_url, Path(leases)):
        sys.stderr.write(f"slot given back: {name}\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
