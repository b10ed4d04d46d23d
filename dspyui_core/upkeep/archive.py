"""The archive of a backup: a plain tar file whose last member, the manifest, says it is whole."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol

from pydantic import ValidationError

from dspyui_core.errors import InputError
from dspyui_core.upkeep.manifest import FOLDER, FORMAT, MANIFEST, BackedUpFile, Manifest

__all__ = ["Archive", "opened_archive", "write_archive"]

_BLOCK: Final = 1 << 20
_MOST_MANIFEST_BYTES: Final = 1 << 30


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object:
        """Take some bytes."""


def write_archive(
    stream: IO[bytes], members: Iterable[tuple[str, Path]], manifest: Manifest
) -> Manifest:
    """Write files, then the manifest with their sizes and hashes; returns that manifest.

    A file that is gone when it is its turn was forgotten meanwhile, and is left out. Raises
    OSError.
    """
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        added = (_add(tar, name, source) for name, source in members)
        files = tuple(file for file in added if file is not None)
        whole = manifest.model_copy(update={"files": files})
        content = whole.model_dump_json(indent=1).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mtime = len(content), manifest.at.timestamp()
        tar.addfile(info, io.BytesIO(content))
    return whole


class Archive:
    """An archive whose members are those that its manifest lists, under names that are safe."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self.path = path
        self._tar = tar
        members = tar.getmembers()
        self.manifest = _manifest(path, tar, members)
        _refuse_strangers(path, self.manifest, members)
        self._members = {member.name: member for member in members}

    def copy(self, file: BackedUpFile, sink: _Sink) -> None:
        """Write a file's content. Raises InputError where it is not what was backed up."""
        source = self._tar.extractfile(self._members[f"{FOLDER}{file.path}"])
        digest = hashlib.sha256()
        while source is not None and (block := source.read(_BLOCK)):
            digest.update(block)
            sink.write(block)
        if digest.hexdigest() != file.sha256:
            raise _damaged(self.path, f"{file.path} is not what was backed up")


@contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """An archive to read. Raises InputError where it is no backup, or not a whole one."""
    try:
        with tarfile.open(path, "r:") as tar:
            yield Archive(path, tar)
    except tarfile.TarError as error:
        raise _damaged(path, str(error)) from error
    except FileNotFoundError:
        raise InputError(f"there is no file {path}", hint="dspyui backup makes one") from None


def _add(tar: tarfile.TarFile, name: str, source: Path) -> BackedUpFile | None:
    try:
        stream = source.open("rb")
    except FileNotFoundError:
        return None
    with stream:
        info, found = tarfile.TarInfo(f"{FOLDER}{name}"), os.fstat(stream.fileno())
        info.size, info.mtime = found.st_size, int(found.st_mtime)
        reading = _Hashed(stream, info.size)
        tar.addfile(info, reading)
    return BackedUpFile(path=name, bytes=info.size, sha256=reading.digest.hexdigest())


class _Hashed(io.RawIOBase):
    """The first bytes of a stream, hashed on the way."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(block)
        self.digest.update(block)
        return block


def _manifest(path: Path, tar: tarfile.TarFile, members: list[tarfile.TarInfo]) -> Manifest:
    last = members[-1] if members else None
    if last is None or last.name != MANIFEST or last.size > _MOST_MANIFEST_BYTES:
        raise _damaged(path, f"it does not end with a {MANIFEST}")
    stream = tar.extractfile(last)
    content = b"" if stream is None else stream.read()
    remedy = f"install the version of dspyui that wrote it; this one reads format {FORMAT}"
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise InputError(f"the manifest of {path} cannot be read: {why}", hint=remedy) from error
    if manifest.format != FORMAT:
        raise InputError(f"{path} is of format {manifest.format}", hint=remedy)
    return manifest


def _refuse_strangers(path: Path, manifest: Manifest, members: list[tarfile.TarInfo]) -> None:
    listed = [f"{FOLDER}{file.path}" for file in manifest.files]
    found = [member.name for member in members[:-1]]
    if sorted(listed) != sorted(found):
        strange = sorted(set(listed) ^ set(found)) or ["a name twice"]
        raise _damaged(path, f"its members are not those of its manifest: {strange[0]!r}")
    for member in members:
        if not member.isreg() or not _is_safe(member.name):
            raise _damaged(path, f"{member.name!r} is no plain file of a home")


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not name.startswith("/") and ".." not in parts and "\0" not in name


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is no whole backup: {why}",
        hint="take another one; dspyui backup makes them, and nothing was restored",
    )
