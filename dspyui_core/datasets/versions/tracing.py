"""Tracing a row: which snapshots have it, and in which split; a holdout row is never shown."""

from __future__ import annotations

from dataclasses import dataclass

from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.versions.snapshots import splits_on_disk
from dspyui_core.storage import Place

__all__ = ["RowPlace", "places_of"]


@dataclass(frozen=True, slots=True)
class RowPlace:
    """A dataset version that has a row, and the split it is in; `row` is None in the holdout."""

    version: str
    split: str
    row: Row | None


def places_of(folder: Place, program: str, row_id: str) -> tuple[RowPlace, ...]:
    """Every snapshot of a program that has this row, the newest first.

    Raises DatasetError for a damaged snapshot.
    """
    return tuple(
        RowPlace(split.version, split.split, None if split.split == "holdout" else row)
        for split in splits_on_disk(folder, program)
        for row in split.rows()
        if row.row_id == row_id
    )
