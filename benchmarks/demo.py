"""The demonstration with five different sets of users: what each second turn is worth.

    python benchmarks/demo.py            # all five seeds
    python benchmarks/demo.py --quick    # the default seed only
    python benchmarks/demo.py --json     # for programs

Every seed runs `dspyui demo --seed N --json` in a fresh home. What a user would have instead is the
first version for ever, so each row puts the first champion and the last side by side, on messages
that no turn ever touches.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from reporting import Bar, options, report

SEEDS = (0, 1, 2, 3, 4)
GAIN = 0.05
SEEDS_THAT_GAIN = 0.8
SECONDS = 90.0


@dataclass(frozen=True)
class Row:
    """One seed: what the second turn decided, the scores (0..1) around it, wall seconds."""

    seed: int
    outcome: str
    holdout_first: float
    holdout_last: float
    test_first: float
    test_last: float
    ratings: int
    corrections: int
    seconds: float

    @property
    def gains(self) -> bool:
        """Whether the second turn was promoted and is worth it where nobody looked."""
        return self.outcome == "promoted" and self.test_last - self.test_first >= GAIN


def measured(seed: int) -> Row:
    """Run the demonstration for one seed."""
    command = [sys.executable, "-m", "deployments.cli", "demo", "--seed", str(seed), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return Row(
        seed=seed,
        outcome=told["turns"][-1]["outcome"],
        holdout_first=told["holdout"]["first"],
        holdout_last=told["holdout"]["last"],
        test_first=told["test"]["first"],
        test_last=told["test"]["last"],
        ratings=told["feedback"]["ratings"],
        corrections=told["feedback"]["corrections"],
        seconds=told["seconds"],
    )


def bars(rows: list[Row]) -> list[Bar]:
    """What has to hold over all seeds."""
    share = sum(row.gains for row in rows) / len(rows)
    slowest = max(row.seconds for row in rows)
    return [
        Bar("share of seeds promoted with 5 points more on the test file", share, SEEDS_THAT_GAIN),
        Bar("seconds of the slowest", slowest, SECONDS, most=True),
    ]


def main() -> None:
    """Run, print a table or JSON."""
    given = options(__doc__ or "", "the default seed only")
    rows = [measured(seed) for seed in (SEEDS[:1] if given.quick else SEEDS)]
    report("demo", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
