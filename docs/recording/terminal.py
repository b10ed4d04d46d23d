"""A pseudo-terminal of a fixed width that a command runs in, as a person would run it."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recording.screen import Screen

WIDTH = 100
HEIGHT = 40
# What would change the picture: colours switched off, and a make that says it runs inside another.
NOT_PASSED_ON = ("NO_COLOR", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


@dataclass(frozen=True, slots=True)
class Shown:
    """The final screen with its colours, scrolled-off lines included, and the exit code."""

    ansi: str
    code: int


def run_in_terminal(command: Sequence[str], *, columns: int = WIDTH) -> Shown:
    """Run a command to its end in a terminal; what it shows is echoed to stderr meanwhile."""
    outside, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, columns, 0, 0))
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=inside, stderr=inside, env=_environment(columns)
    ) as process:
        os.close(inside)
        content = b"".join(_read(outside))
    os.close(outside)
    screen = Screen(columns)
    screen.feed(content.decode("utf-8", errors="replace"))
    return Shown(screen.ansi(), process.returncode)


def _environment(columns: int) -> dict[str, str]:
    colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    kept = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    return kept | colours | {"COLUMNS": str(columns), "LINES": str(HEIGHT)}


def _read(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(descriptor, 65_536)
        except OSError as error:
            # Linux says so where the last writer is gone; elsewhere it is an empty read.
            if error.errno != errno.EIO:
                raise
            return
        if not piece:
            return
        sys.stderr.buffer.write(piece)
        sys.stderr.flush()
        yield piece
