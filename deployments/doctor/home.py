"""The home: whether it can be written, has room, and lies on a disk that databases can use."""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from deployments.doctor.finding import Finding

LITTLE_BYTES = 1_000_000_000
TOO_LITTLE_BYTES = 50_000_000
# SQLite's write-ahead log needs shared memory, which these do not have between machines.
NETWORKED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"})
MOVE = "set DSPYUI_HOME to a folder on a local disk that you may write to"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of all state, or the folder that it will be made in."""

    path: Path
    mounts: Path = Path("/proc/mounts")
    name: str = "home"

    def run(self) -> Finding:
        """Look at the nearest folder that exists; nothing is made."""
        place = next(folder for folder in (self.path, *self.path.parents) if _there(folder))
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            return Finding(self.name, "fail", f"{self.path} cannot be written: {place}", MOVE)
        there = str(self.path) if place == self.path else f"{self.path}, which will be made"
        if problem := _lock_problem(place):
            return Finding(self.name, "fail", f"{there}: files cannot be locked: {problem}", MOVE)
        kind = _file_system(place.resolve(), self.mounts)
        if kind in NETWORKED:
            found = f"{there}: {kind} is a network file system, and SQLite wants a local disk"
            return Finding(self.name, "warn", found, f"{MOVE}, or DSPYUI_STORE__URL to a Postgres")
        return self._room(there, shutil.disk_usage(place).free)

    def _room(self, there: str, free: int) -> Finding:
        found = f"{there}, {free / 1e9:.1f} GB free"
        if free < TOO_LITTLE_BYTES:
            return Finding(self.name, "fail", found, "free some space on that disk")
        if free < LITTLE_BYTES:
            return Finding(self.name, "warn", found, "free some space: a home grows with its turns")
        return Finding(self.name, "ok", found)


def _there(folder: Path) -> bool:
    # Path.exists raises where a folder above may not be searched.
    return os.access(folder, os.F_OK)


def _lock_problem(folder: Path) -> str:
    """What the system says to a lock of the folder itself, which leaves no trace."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ""
    except OSError as error:
        return error.strerror
    finally:
        os.close(descriptor)
    return ""


def _file_system(folder: Path, mounts: Path) -> str:
    """The kind of file system a folder is on; nothing where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    mounted = [line.split()[1:3] for line in lines]
    above = [(path, kind) for path, kind in mounted if folder.is_relative_to(path)]
    return max(above, key=lambda pair: len(pair[0]))[1] if above else ""
