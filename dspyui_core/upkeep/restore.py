"""Restore: a backup becomes a home again, whole or not at all, and says whether it is the same."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from dspyui_core.errors import BusyError, FlywheelError, InputError, Problem, StoreError
from dspyui_core.records import Record
from dspyui_core.store.copying import connect, sync
from dspyui_core.store.schema import HEAD, known_revisions
from dspyui_core.upkeep.archive import Archive, opened_archive
from dspyui_core.upkeep.backup import Backup
from dspyui_core.upkeep.manifest import MLFLOW, STATE, Manifest, contents_of
from dspyui_core.upkeep.places import foreign_mlflow, foreign_state, move_places
from dspyui_core.workspace import Workspace

__all__ = ["Champion", "Restored", "inspect_backup", "restore_home"]

_INTEGRITY: Final = "pragma integrity_check"


class Champion(Record):
    """Who serves in a restored home; `problem` says why its program does not load, or nothing."""

    program: str
    version: int
    problem: str


class Restored(Record):
    """A home made of a backup, checked, with the champions as they load from it."""

    home: Path
    backup: Backup
    champions: tuple[Champion, ...]

    @property
    def serves(self) -> bool:
        """Whether every champion's program loads."""
        return not any(champion.problem for champion in self.champions)


def inspect_backup(ws: Workspace, file: Path) -> Backup:
    """What `restore_home` would make a home of, read to the end and compared with its hashes.

    Raises what `restore_home` raises; nothing is written.
    """
    with opened_archive(file) as archive:
        _check(ws, archive.manifest)
        with Path(os.devnull).open("wb") as nowhere:
            for member in archive.manifest.files:
                archive.copy(member, nowhere)
        return _described(archive)


def restore_home(ws: Workspace, file: Path) -> Restored:
    """Make the home of a backup, at the workspace's home, which must not exist or be empty.

    The files are written beside it, compared with the manifest and checked, and take their place
    together, on disk. A backup of an older schema is upgraded when the home is opened first. Raises
    InputError where the file is no whole backup or the home is in the way, StoreError where it is
    newer than this code, is not what it says, or cannot be written; nothing is restored then.
    """
    with opened_archive(file) as archive:
        _check(ws, archive.manifest)
        with _building(ws.home) as scratch:
            _extract(archive, scratch)
            _move_in(archive.manifest, scratch, ws.home)
            _compare(archive.manifest, scratch)
            _sync_all(scratch)
            scratch.replace(ws.home)
            sync(ws.home.parent)
        described = _described(archive)
    return Restored(home=ws.home, backup=described, champions=_champions(ws, described))


def _check(ws: Workspace, manifest: Manifest) -> None:
    """Refuse what this code or these settings make no home of."""
    revision = manifest.contents.revision
    if revision not in known_revisions():
        raise StoreError(
            f"the backup has schema revision {revision!r}, which this version does not know (it "
            f"knows up to {HEAD!r})",
            hint=f"install dspyui {manifest.core_version}, which wrote it, or a newer one",
        )
    if ws.home.exists() and (not ws.home.is_dir() or any(ws.home.iterdir())):
        raise InputError(
            f"there is something at {ws.home} already, and nothing of it is overwritten",
            hint="set DSPYUI_HOME to a folder that does not exist, or move that one away",
        )
    has_mlflow = any(member.path == MLFLOW for member in manifest.files)
    has_rows = any(member.path.startswith("datasets/") for member in manifest.files)
    unused = {
        "DSPYUI_STORE__URL": foreign_state(ws.settings),
        "DSPYUI_MLFLOW__TRACKING_URI": foreign_mlflow(ws.settings) if has_mlflow else "",
        "DSPYUI_STORAGE__ARTIFACTS": (ws.settings.dataset_address() or "") if has_rows else "",
    }
    if any(unused.values()):
        raise InputError(
            "the settings name other places than the home, and what is restored would not be used",
            [Problem(name, "is set", place) for name, place in unused.items() if place],
            hint="unset them",
        )


@contextmanager
def _building(home: Path) -> Iterator[Path]:
    """A folder beside the home to write to, alone; whatever stops it, nothing of it stays."""
    scratch = home.with_name(f".{home.name}.restoring")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with _alone(home.parent):
            # What a killed one left behind.
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the home {home} cannot be made: {error}",
            hint="nothing was restored; DSPYUI_HOME names a folder that restore makes itself",
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder itself, which leaves no trace."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError(f"somebody restores into {folder} already", hint="wait for it") from None
    finally:
        os.close(descriptor)


def _extract(archive: Archive, folder: Path) -> None:
    for member in archive.manifest.files:
        path = folder / member.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            archive.copy(member, stream)


def _move_in(manifest: Manifest, folder: Path, home: Path) -> None:
    if (folder / MLFLOW).exists():
        move_places(folder / MLFLOW, Path(manifest.home), home)


def _compare(manifest: Manifest, folder: Path) -> None:
    """Raise StoreError where the databases are damaged, or in another state than is written."""
    for name in (STATE, MLFLOW):
        if (folder / name).exists():
            with closing(connect(folder / name)) as connection:
                found = connection.execute(_INTEGRITY).fetchone()[0]
            if found != "ok":
                raise StoreError(f"{name} of the backup is damaged: {found}", hint="take another")
    contents = contents_of(folder)
    if contents != manifest.contents:
        raise StoreError(
            f"the backup holds {contents!r}, and says {manifest.contents!r}", hint="take another"
        )


def _sync_all(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            sync(Path(place) / name)
        sync(Path(place))


def _champions(ws: Workspace, backup: Backup) -> tuple[Champion, ...]:
    """Load who serves as serving does. An MLflow elsewhere is none of the backup's business."""
    if not backup.contents.versions:
        return ()
    found = backup.contents.champions.items()
    return tuple(
        Champion(program=program, version=version, problem=_problem(ws, program, version))
        for program, version in found
    )


def _problem(ws: Workspace, program: str, version: int) -> str:
    try:
        ws.models.load_model(program, version=version)
    except FlywheelError as error:
        return str(error)
    return ""


def _described(archive: Archive) -> Backup:
    manifest = archive.manifest
    return Backup(
        path=archive.path,
        bytes=archive.path.stat().st_size,
        files=len(manifest.files),
        at=manifest.at,
        contents=manifest.contents,
        elsewhere=manifest.elsewhere,
    )
