"""A folder of whole files: what everybody may ask of one, and the one on this machine's disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from dspyui_core.errors import StoreError
from dspyui_core.files import whole_file

__all__ = ["Folder", "LocalFolder"]


class Folder(Protocol):
    """Files that are whole or not there, and further folders, by name.

    Reading raises FileNotFoundError for what is not there. Everything raises StoreError where the
    place cannot be reached, read or written.
    """

    def __str__(self) -> str:
        """Where it is, without credentials."""

    def __truediv__(self, name: str) -> Self:
        """A folder inside this one, which need not exist."""

    @property
    def name(self) -> str:
        """The last part of its address."""

    def folders(self) -> list[str]:
        """The names of the folders inside; none where this one does not exist."""

    def files(self) -> list[str]:
        """The names of the files inside; none where this one does not exist."""

    def written(self, file: str) -> float:
        """When a file was written last, in seconds since 1970."""

    def read(self, file: str) -> bytes:
        """The content of a file."""

    def write(self, file: str, content: bytes) -> None:
        """Write a file, durably, in one piece: a reader sees the old one or the new one."""

    def remove(self, file: str) -> None:
        """Remove a file."""


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder on a disk of this machine; a file is there once the disk has it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def __truediv__(self, name: str) -> LocalFolder:
        return LocalFolder(self.path / name)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.name

    def folders(self) -> list[str]:
        """The names of the folders inside, sorted."""
        return sorted(path.name for path in self._entries() if path.is_dir())

    def files(self) -> list[str]:
        """The names of the files inside, sorted."""
        return sorted(path.name for path in self._entries() if path.is_file())

    def written(self, file: str) -> float:
        """When a file was written last, in seconds since 1970."""
        return (self.path / file).stat().st_mtime

    def read(self, file: str) -> bytes:
        """The content of a file."""
        return (self.path / file).read_bytes()

    def write(self, file: str, content: bytes) -> None:
        """Write the whole file or none of it, also when the process or the machine dies."""
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            with whole_file(self.path / file) as stream:
                stream.write(content)

    def remove(self, file: str) -> None:
        """Remove a file."""
        with self._writing():
            (self.path / file).unlink()

    def _entries(self) -> list[Path]:
        return list(self.path.iterdir()) if self.path.is_dir() else []

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"the folder {self.path} cannot be written: {error.strerror}",
                hint="set DSPYUI_HOME to a folder you may write to, with room on its disk",
            ) from error
