"""Backup: the whole home in one file, made while it is in use."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dspyui_core
from dspyui_core.errors import InputError, StoreError
from dspyui_core.records import Record
from dspyui_core.store.copying import sync
from dspyui_core.store.locks import exclusive
from dspyui_core.upkeep.archive import write_archive
from dspyui_core.upkeep.listing import File, databases, plain_files
from dspyui_core.upkeep.manifest import FORMAT, STATE, Contents, Manifest, contents_of
from dspyui_core.upkeep.places import foreign_mlflow, refuse_elsewhere
from dspyui_core.upkeep.staging import stage_databases
from dspyui_core.workspace import Workspace

__all__ = ["Backup", "PlannedBackup", "back_up", "plan_backup"]

_BACKUPS: Final = "backups"
_SCRATCH: Final = ".part"


class Backup(Record):
    """A backup: the file, its size in bytes, and what it has of which moment.

    `elsewhere` names what is not in it because it is not in the home.
    """

    path: Path
    bytes: int
    files: int
    at: datetime
    contents: Contents
    elsewhere: tuple[str, ...]


class PlannedBackup(Record):
    """What a backup would hold now: `bytes` of files, and what is not in the home."""

    path: Path
    bytes: int
    files: int
    elsewhere: tuple[str, ...]


def plan_backup(
    ws: Workspace, target: Path | None = None, *, at: datetime | None = None, partial: bool = False
) -> PlannedBackup:
    """What `back_up` would write. Raises what it raises; nothing is written."""
    elsewhere = refuse_elsewhere(ws.settings, partial=partial)
    path = _checked_target(ws.home, target, at or datetime.now(UTC))
    own = [file for file in databases(ws.home) if file.path == STATE or _has_mlflow(ws)]
    files = [*own, *plain_files(ws.home)]
    size = sum(file.source.stat().st_size for file in files)
    return PlannedBackup(path=path, bytes=size, files=len(files), elsewhere=elsewhere)


def back_up(
    ws: Workspace, target: Path | None = None, *, at: datetime | None = None, partial: bool = False
) -> Backup:
    """Write the home's state to one file, which appears whole or not at all, and is then on disk.

    Everything that was acknowledged before the call is in it; others go on writing meanwhile.
    `target` is by default `backups/<time>.tar` in the home. Raises InputError where there is no
    home or the file exists, and where a part of the state is not in the home; `partial` leaves
    out an MLflow elsewhere. Raises StoreError where something cannot be read or written.
    """
    moment = at or datetime.now(UTC)
    elsewhere = refuse_elsewhere(ws.settings, partial=partial)
    path = _checked_target(ws.home, target, moment)
    with _staged(ws.home, with_mlflow=_has_mlflow(ws)) as folder:
        manifest = Manifest(
            format=FORMAT,
            at=moment,
            core_version=dspyui_core.__version__,
            home=str(ws.home),
            contents=contents_of(folder),
            elsewhere=elsewhere,
            files=(),
        )
        # Listed after the databases are copied: what these refer to is there by now.
        files = [*databases(folder), *plain_files(ws.home)]
        written = _write(path, files, manifest, _scratch(path, folder))
    return Backup(
        path=path,
        bytes=path.stat().st_size,
        files=len(written.files),
        at=moment,
        contents=written.contents,
        elsewhere=elsewhere,
    )


@contextmanager
def _staged(home: Path, *, with_mlflow: bool) -> Iterator[Path]:
    """Copies of the databases in a folder that is gone afterwards; one backup at a time."""
    scratch = home / _BACKUPS / _SCRATCH
    try:
        with exclusive(home / "locks" / "backup.lock"):
            # What a killed backup left behind.
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            try:
                stage_databases(home, scratch, with_mlflow=with_mlflow)
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the home {home} cannot be backed up: {error}",
            hint="free some space on that disk; no backup was written",
        ) from error


def _scratch(path: Path, folder: Path) -> Path:
    """What is written first, on the disk of the target; below `folder` it is cleared up after."""
    if path.parent == folder.parent:
        return folder / path.name
    return path.with_name(f".{path.name}.{os.getpid()}")


def _write(path: Path, files: Sequence[File], manifest: Manifest, scratch: Path) -> Manifest:
    try:
        with scratch.open("wb") as stream:
            members = ((file.path, file.source) for file in files)
            written = write_archive(stream, members, manifest)
            stream.flush()
            os.fsync(stream.fileno())
        _publish(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
    return written


def _publish(scratch: Path, path: Path) -> None:
    try:
        # A link, unlike a renaming, never takes the place of a file that came meanwhile.
        path.hardlink_to(scratch)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a file system without links
        scratch.replace(path)
    sync(path.parent)


def _checked_target(home: Path, target: Path | None, at: datetime) -> Path:
    """Where the backup goes. Raises InputError where nothing can be backed up to there."""
    if not (home / STATE).exists():
        raise InputError(
            f"there is no home to back up at {home}", hint="DSPYUI_HOME names another folder"
        )
    if target is None:
        return home / _BACKUPS / f"{at.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}.tar"
    path = target.resolve()
    if path.exists():
        raise _exists(path)
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent}", hint="make it, or name another file")
    if path.is_relative_to(home) and path.parent != home / _BACKUPS:
        raise InputError(
            f"{path} is in the home, and would be part of the next backup",
            hint="name a file outside of it, or none",
        )
    return path


def _has_mlflow(ws: Workspace) -> bool:
    # A file that lies in the home while the settings name another MLflow is of no use.
    return not foreign_mlflow(ws.settings)


def _exists(path: Path) -> InputError:
    return InputError(f"{path} exists, and no backup is overwritten", hint="name another file")
