"""File locks that die with their process: the turn lock, and the lock behind it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from weakref import WeakSet

from dspyui_core.errors import BusyError, StoreError


@contextmanager
def turn_lock(folder: Path, program: str) -> Iterator[None]:
    """Hold the one right to run a turn of this program in this home.

    The kernel drops the lock when the process ends, however it ends; child processes do not
    inherit it. Raises BusyError at once where somebody holds it, StoreError where the folder is
    not writable.
    """
    path = folder / f"{program}.turn.lock"
    try:
        lock = _Hold(path, wait=False)
    except BlockingIOError as error:
        raise BusyError(
            f"a turn of {program!r} is already running ({_holder(path)})",
            hint="wait until it ends; the lock goes with its process, so remove no file",
        ) from error
    with lock.until_exit():
        yield


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for the lock of a file and hold it; StoreError where it cannot be created."""
    with _Hold(path, wait=True).until_exit():
        yield


class _Hold:
    """One held flock; the file stays behind, because removing it would split later holders."""

    def __init__(self, path: Path, *, wait: bool) -> None:
        self.descriptor = _opened(path)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BaseException:
            os.close(self.descriptor)
            raise
        os.ftruncate(self.descriptor, 0)
        os.write(self.descriptor, str(os.getpid()).encode())
        _holds().add(self)

    @contextmanager
    def until_exit(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file; in a forked child this leaves the parent's lock in place."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


@cache
def _holds() -> WeakSet[_Hold]:
    """The locks this process holds, which a forked child must not keep alive.

    A flock belongs to the open file, and a fork shares it: without this, a child that outlives a
    killed parent would hold the parent's lock. Started programs are safe: Python opens
    files close-on-exec.
    """
    holds: WeakSet[_Hold] = WeakSet()

    def forget() -> None:
        for hold in list(holds):
            hold.close()

    os.register_at_fork(after_in_child=forget)
    return holds


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"the lock file {path} cannot be written: {error.strerror}",
            hint="set DSPYUI_HOME to a folder you may write to",
        ) from error


def _holder(path: Path) -> str:
    with suppress(OSError):
        if pid := path.read_text().strip():
            return f"process {pid}"
    return "its process has not written its number yet"
