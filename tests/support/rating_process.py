"""Owns users as a process of their own: `python rating_process.py FILE COUNT`, in a workspace.

A server answers the first rows of the file, and then their users correct all of them at once, each
from a thread of its own; the first is corrected twice, by two users.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from deployments.events import launching

PROGRAM = "support-routing"


def _right(row: dict[str, str]) -> dict[str, str]:
    return {"intent": row["intent"]}


def main(file: str, count: int) -> None:
    """Answer, correct, and print when the first and the last correction was recorded."""
    with Path(file).open(encoding="utf-8", newline="") as stream:
        rows = [row for row, _ in zip(csv.DictReader(stream), range(count), strict=False)]
    with launching() as ws, ThreadPoolExecutor(50) as users:
        traces = [
            ws.record_prediction(
                PROGRAM, {"text": row["text"]}, {"intent": "cash_machine"}, strict=True
            )
            for row in rows
        ]

        # Importing MLflow is nothing that users do.
        ws.feedback.record_feedback(str(traces[0]), "thumbs_down", _right(rows[0]), user_id="first")

        def correct(number: int) -> int:
            entry = ws.feedback.record_feedback(
                str(traces[number]),
                "thumbs_down",
                _right(rows[number]),
                user_id=f"user-{number}",
            )
            return entry.position

        began = time.monotonic()
        positions = list(users.map(correct, range(count)))
        took = time.monotonic() - began
        told = {"seconds": took, "last": max(positions), "at": datetime.now(UTC).isoformat()}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
