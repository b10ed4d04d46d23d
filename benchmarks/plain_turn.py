"""One turn as a plain loop of the core's calls, without any Prefect, in a process of its own.

python benchmarks/plain_turn.py SPEC DATA    # the settings are those of the environment

Prints one JSON document: the turn's outcome, and the seconds from its first call to its last; the
imports at the top of the module are not in them, as those of a flow are made before it runs.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from dspyui_core import turn
from dspyui_core.turn import TurnRequest, request_spec
from dspyui_core.workspace import Workspace


def taken(request: TurnRequest) -> Any:
    """What the flow data-flywheel calls, one after the other."""
    workspace = Workspace.open()
    name = request_spec(request).name
    with workspace.lock(name):
        turn.mirror_program(workspace, request)
        opened = turn.open_turn(workspace, request)
        if opened.report:
            return opened.report
        turn.compile_candidate(workspace, opened.turn_id)
        turn.evaluate_programs(workspace, opened.turn_id)
        decision = turn.decide_release(workspace, opened.turn_id)
        if decision.registers:
            turn.register_version(workspace, opened.turn_id)
        turn.conclude(workspace, opened.turn_id)
        return turn.finish(workspace, opened.turn_id)


def main() -> None:
    """Take the turn of the two arguments."""
    program, data = map(Path, sys.argv[1:])
    answers, sys.stdout = sys.stdout, sys.stderr
    start = time.perf_counter()
    report = taken(TurnRequest(program=program, data=data))
    seconds = time.perf_counter() - start
    print(json.dumps({"outcome": report.outcome, "seconds": seconds}), file=answers)


if __name__ == "__main__":
    main()
