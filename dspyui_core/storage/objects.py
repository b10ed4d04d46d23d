"""A folder in an object store, through fsspec: S3 and what speaks its protocol, or another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dspyui_core.errors import StoreError

__all__ = ["SETTING", "ObjectFolder", "require_bucket"]

SETTING = "DSPYUI_STORAGE__ARTIFACTS"
_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, that may use it"


@dataclass(frozen=True, slots=True)
class ObjectFolder:
    """A folder at an address like `s3://bucket/prefix`; credentials come from the environment.

    An upload becomes visible at its end and not before, so a file is whole or not there. The same
    content may be written by two hosts at once.
    """

    address: str

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> ObjectFolder:
        return ObjectFolder(f"{self.address.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.address.rstrip("/").rpartition("/")[2]

    def folders(self) -> list[str]:
        """The names of the folders inside, sorted."""
        return self._names("directory")

    def files(self) -> list[str]:
        """The names of the files inside, sorted."""
        return self._names("file")

    def written(self, file: str) -> float:
        """When a file was written last, in seconds since 1970."""
        with self._asking() as (system, path):
            return float(system.modified(f"{path}/{file}").timestamp())

    def read(self, file: str) -> bytes:
        """The content of a file."""
        with self._asking() as (system, path):
            return bytes(system.cat_file(f"{path}/{file}"))

    def write(self, file: str, content: bytes) -> None:
        """Upload a file; who reads it meanwhile gets the one before, or none."""
        with self._asking() as (system, path):
            try:
                system.pipe_file(f"{path}/{file}", content)
            except FileNotFoundError as error:
                raise self._unusable(error, _bucket_hint(self.address)) from error

    def remove(self, file: str) -> None:
        """Remove a file."""
        with self._asking() as (system, path):
            system.rm_file(f"{path}/{file}")

    def _names(self, kind: str) -> list[str]:
        with self._asking() as (system, path):
            try:
                found = system.ls(path, detail=True, refresh=True)
            except FileNotFoundError:
                return []
        places = [entry["name"].rstrip("/") for entry in found if entry["type"] == kind]
        return sorted(place.rpartition("/")[2] for place in places if place != path)

    @contextmanager
    def _asking(self) -> Iterator[tuple[Any, str]]:
        """The store's file system and this folder's path in it; its failures become StoreErrors."""
        system, path = _opened(self.address)
        try:
            yield system, path
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise self._unusable(error, _CREDENTIALS) from error
        except _failures() as error:
            raise self._unusable(error, _hint(error)) from error

    def _unusable(self, error: BaseException, hint: str) -> StoreError:
        said = next(iter(str(error).splitlines()), "") or type(error).__name__
        return StoreError(f"the object store at {self.address} cannot be used: {said}", hint=hint)


def require_bucket(address: str) -> None:
    """Raise StoreError where the object store does not answer, or has no such bucket."""
    folder = ObjectFolder(address)
    with folder._asking() as (system, path):
        bucket = path.split("/")[0]
        try:
            system.ls(bucket, detail=False, refresh=True)
        except FileNotFoundError as error:
            raise folder._unusable(error, _bucket_hint(address)) from error


def _opened(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        # What another host wrote a moment ago has to be seen.
        system, path = url_to_fs(address, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise StoreError(
            f"nothing here can open {address}: {error}",
            hint=f"for s3:// install the extra `cluster`; {SETTING} names the place",
        ) from error
    return system, str(path).rstrip("/")


def _failures() -> tuple[type[BaseException], ...]:
    """What a file system raises where its store cannot be reached or refuses."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError, ClientError)


def _hint(error: BaseException) -> str:
    if "redential" in type(error).__name__:
        return _CREDENTIALS
    return f"check that it runs; {SETTING} and AWS_ENDPOINT_URL name it, then try again"


def _bucket_hint(address: str) -> str:
    bucket = address.partition("://")[2].partition("/")[0]
    return f"make the bucket {bucket!r} there first, or correct {SETTING}"
