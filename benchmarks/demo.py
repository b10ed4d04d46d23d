"""The demonstration with five different sets of users: what each second turn is worth.

    python benchmarks/demo.py            # all five seeds
    python benchmarks/demo.py --quick    # the default seed only
    python benchmarks/demo.py --json     # for programs

Every seed runs `dspyui demo --seed N --json` in a fresh home. What a user would have instead is the
first version for ever, so each row puts the first champion and the last side by side, on messages
that no turn ever touches.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

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


def ratios(rows: list[Row]) -> list[dict[str, Any]]:
    """The bars and whether they hold."""
    share = sum(row.gains for row in rows) / len(rows)
    slowest = max(row.seconds for row in rows)
    return [
        {
            "name": "seeds promoted with at least 5 points more on the test file",
            "value": share,
            "bar": SEEDS_THAT_GAIN,
            "holds": share >= SEEDS_THAT_GAIN,
        },
        {
            "name": "seconds of the slowest",
            "value": slowest,
            "bar": SECONDS,
            "holds": slowest <= SECONDS,
        },
    ]


def main() -> None:
    """Run, print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the default seed only")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()
    rows = [measured(seed) for seed in (SEEDS[:1] if given.quick else SEEDS)]
    if given.json:
        listed = [asdict(row) for row in rows]
        print(json.dumps({"name": "demo", "rows": listed, "ratios": ratios(rows)}, indent=2))
        return
    print("seed  second turn    holdout         test            gain    ratings  seconds")
    for row in rows:
        print(
            f"{row.seed:4}  {row.outcome:13}  {row.holdout_first:.3f} → {row.holdout_last:.3f}"
            f"   {row.test_first:.3f} → {row.test_last:.3f}   {row.test_last - row.test_first:+.3f}"
            f"  {row.ratings:7}  {row.seconds:7.1f}"
        )
    for ratio in ratios(rows):
        held = "holds" if ratio["holds"] else "MISSED"
        print(f"{ratio['name']}: {ratio['value']:.2f} (bar {ratio['bar']:g}, {held})")


if __name__ == "__main__":
    main()
