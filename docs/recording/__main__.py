"""`python docs/recording FILE.svg -- COMMAND …`: run a command, keep what a person sees as SVG."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

# Run as a folder, its own modules are all that is on the path.
sys.path.insert(0, str(Path(__file__).parents[1]))

from recording.picture import picture
from recording.terminal import WIDTH, run_in_terminal


def main() -> int:
    """Record one command; its exit code is this one's. One that fails leaves the file alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the SVG to write")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    parser.add_argument("--columns", type=int, default=WIDTH)
    given = parser.parse_args()
    shown = run_in_terminal(given.command, columns=given.columns)
    if shown.code:
        # A picture of a failure is nobody's picture of the command.
        return shown.code
    typed = shlex.join(given.command)
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_text(picture(typed, shown.ansi, columns=given.columns), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
