"""Listing: which versions of a program's dataset are stored, and what each says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from dspyui_core.datasets.shape import Shape
from dspyui_core.datasets.versions.snapshots import (
    MANIFEST,
    SplitOnDisk,
    read_manifest,
    read_shape,
    snapshots_on_disk,
)
from dspyui_core.errors import DatasetError
from dspyui_core.records import DatasetRef
from dspyui_core.storage import Place, folder_at

__all__ = ["Counts", "StoredVersion", "counts_of", "splits_of", "stored_versions"]


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One snapshot: its counts, the sha256 of its files by name, its shape where it has one.

    `written_at` is when its manifest was written last; `forgotten` rows were taken out of it.
    """

    ref: DatasetRef
    written_at: datetime
    sources: Mapping[str, str]
    shape: Shape | None
    forgotten: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a version by trust and by source."""

    trust: Mapping[str, int]
    sources: Mapping[str, int]


def stored_versions(folder: Place, program: str) -> tuple[StoredVersion, ...]:
    """The versions of a program that are stored, the last written first; no row is read."""
    return tuple(
        _stored(folder, program, home.name, home.written(MANIFEST))
        for home in snapshots_on_disk(folder, program)
    )


def counts_of(folder: Place, ref: DatasetRef) -> Counts:
    """How many rows of a version have which trust and which source, the holdout included.

    Raises DatasetError for a missing or damaged snapshot.
    """
    cells = [one for split in splits_of(folder, ref) for one in split.columns("trust", "source")]
    return Counts(Counter(c["trust"] for c in cells), Counter(c["source"] for c in cells))


def splits_of(folder: Place, ref: DatasetRef) -> tuple[SplitOnDisk, ...]:
    """The splits of one snapshot. Raises DatasetError where it is missing."""
    home = folder_at(folder) / ref.program / ref.version
    return tuple(SplitOnDisk(home, split) for split in read_manifest(folder, ref)["splits"])


def _stored(folder: Place, program: str, version: str, written: float) -> StoredVersion:
    nothing = DatasetRef(
        program=program,
        version=version,
        rows=0,
        train=0,
        validation=0,
        holdout=0,
        quarantined=0,
        parked=0,
    )
    manifest = read_manifest(folder, nothing)
    known = {name: manifest[name] for name in DatasetRef.model_fields if name in manifest}
    try:
        ref = DatasetRef.model_validate(known)
    except ValidationError as error:
        raise DatasetError(
            f"the manifest of version {version} of {program!r} is damaged",
            hint="remove that folder and run the turn again to write it anew",
        ) from error
    return StoredVersion(
        ref=ref,
        written_at=datetime.fromtimestamp(written, UTC),
        sources={source["name"]: source["sha256"] for source in manifest["sources"]},
        shape=read_shape(folder, ref),
        forgotten=sum(part.get("forgotten", 0) for part in manifest["splits"].values()),
    )
