"""File locks that die with their process: of a turn, of a batch job, and what is behind them."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

from dspyui_core.errors import BusyError, StoreError

# Seconds between two looks at a lock that somebody holds: a commit takes about one thousandth.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.0002, 0.003


@contextmanager
def turn_lock(folder: Path, program: str) -> Iterator[None]:
    """Hold the one right to run a turn of this program in this home.

    The kernel drops the lock when the process ends, however it ends; child processes do not
    inherit it. Raises BusyError at once where somebody holds it, StoreError where the folder is
    not writable.
    """
    with _at_once(folder / f"{program}.turn.lock", f"a turn of {program!r}"):
        yield


@contextmanager
def batch_lock(folder: Path) -> Iterator[None]:
    """Hold the one right to run the batch job in this folder; raises what `turn_lock` raises."""
    with _at_once(folder / "job.lock", f"the batch job {folder.name!r}"):
        yield


@contextmanager
def exclusive(path: Path, *, seconds: float | None = None) -> Iterator[None]:
    """Wait for the lock of a file, at most so many seconds, and hold it.

    Raises StoreError where it cannot be created, or is not to be had in time.
    """
    lock = _Hold(path, wait=True) if seconds is None else _awaited(path, seconds)
    with lock.until_exit():
        yield


@contextmanager
def unless_held(path: Path) -> Iterator[bool]:
    """Hold the lock of a file if nobody else does, and say whether."""
    try:
        lock = _Hold(path, wait=False, signed=False)
    except BlockingIOError:
        yield False
        return
    with lock.until_exit():
        yield True


def _awaited(path: Path, seconds: float) -> _Hold:
    # The kernel's own waiting has no end: whoever is stopped with the lock would stop them all.
    deadline, pause = time.monotonic() + seconds, SHORTEST_PAUSE
    while True:
        try:
            return _Hold(path, wait=False, signed=False)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{path} stayed locked for {seconds:g} seconds",
                    hint="another process holds the write lock for long; try again",
                ) from None
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


@contextmanager
def _at_once(path: Path, holder: str) -> Iterator[None]:
    try:
        lock = _Hold(path, wait=False)
    except BlockingIOError as error:
        raise BusyError(
            f"{holder} is already running ({_holder(path)})",
            hint="wait until it ends; the lock goes with its process, so remove no file",
        ) from error
    with lock.until_exit():
        yield


class _Hold:
    """One held flock; the file stays behind, because removing it would split later holders."""

    def __init__(self, path: Path, *, wait: bool, signed: bool = True) -> None:
        # Before it is held: a child that is forked meanwhile has the file open, too.
        with _HOLDS.no_fork:
            self.descriptor = _opened(path)
            _HOLDS.open.add(self)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BaseException:
            self.drop()
            raise
        if signed and not wait:
            # Who is refused at once is told by whom; it would cost who waits a write to disk.
            os.ftruncate(self.descriptor, 0)
            os.write(self.descriptor, str(os.getpid()).encode())

    @contextmanager
    def until_exit(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Give the lock back, even where a child has not closed the file yet."""
        if self.descriptor >= 0:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        self.drop()

    def drop(self) -> None:
        """Close the file; in a forked child this leaves the parent's lock in place."""
        with _HOLDS.no_fork:
            descriptor, self.descriptor = self.descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)


class _Holds:
    """The locks this process holds, which a forked child must not keep alive.

    A flock belongs to the open file, and a fork shares it: without this, a child that outlives a
    killed parent would hold the parent's lock. Started programs are safe: Python opens
    files close-on-exec.
    """

    def __init__(self) -> None:
        self.open: WeakSet[_Hold] = WeakSet()
        # Held while a file is open and not yet known here, or the other way round.
        self.no_fork = threading.Lock()

    def forget(self) -> None:
        """In a forked child, whose one thread is the one that forked."""
        self.no_fork.release()
        for hold in list(self.open):
            hold.drop()


_HOLDS = _Holds()
# When this module is imported, before there is a database: a fork first waits for transactions,
# which may need a lock, and then for this.
os.register_at_fork(
    before=_HOLDS.no_fork.acquire,
    after_in_parent=_HOLDS.no_fork.release,
    after_in_child=_HOLDS.forget,
)


def _opened(path: Path) -> int:
    try:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
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
