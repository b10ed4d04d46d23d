"""Forgetting rows: finding one in a program's snapshots, and taking rows out of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.versions.snapshots import read_manifest, splits_on_disk
from dspyui_core.errors import DatasetError
from dspyui_core.records import DatasetRef
from dspyui_core.storage import Place

__all__ = ["Taken", "Unwanted", "find_row", "forgotten_rows", "rows_from", "take_out"]


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Rows that users made: from these traces, with these inputs, or on this user's last word.

    `keys` are those of `row_key`, `samples` numbers of labelled samples in the inbox. Rows of the
    user's own files only go where `gold_too`.
    """

    keys: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()
    user_id: str | None = None
    gold_too: bool = False
    samples: frozenset[int] = frozenset()

    def takes(self, row: Row) -> bool:
        """Whether a row goes."""
        if row.from_file:
            return self.gold_too and row.key in self.keys
        is_theirs = self.user_id is not None and row.user_id == self.user_id
        is_named = row.trace_id in self.traces or row.sample in self.samples
        return is_theirs or is_named or row.key in self.keys


@dataclass(frozen=True, slots=True)
class Taken:
    """Which dataset versions rows were taken out of, and where the user's file has them.

    `scored` are the ids of those in a holdout: tables of answers name them. `gold` maps a place in
    words (`row 12 of rows.csv`), in the newest version that says it, to the row there, which has
    one of the unwanted inputs.
    """

    versions: frozenset[str] = frozenset()
    scored: frozenset[str] = frozenset()
    rows: int = 0
    gold: dict[str, Row] = field(default_factory=dict)


def find_row(folder: Place, program: str, row_id: str) -> Row | None:
    """The row of this id in the newest snapshot of a program that has it, or None."""
    found = (row for split in splits_on_disk(folder, program) for row in split.rows())
    return next((row for row in found if row.row_id == row_id), None)


def rows_from(
    folder: Place, program: str, traces: frozenset[str], *, samples: frozenset[int] = frozenset()
) -> tuple[Row, ...]:
    """The rows of a program's snapshots that came from these traces, or are these samples."""
    rows = (row for split in splits_on_disk(folder, program) for row in split.rows())
    return tuple(row for row in rows if row.trace_id in traces or row.sample in samples)


def take_out(folder: Place, program: str, unwanted: Unwanted, *, dry_run: bool = False) -> Taken:
    """Take rows out of every snapshot of a program; the manifests say how many are gone.

    A version keeps its name and goes on loading. Doing it again changes nothing. Raises
    DatasetError for a damaged snapshot.
    """
    versions: set[str] = set()
    scored: set[str] = set()
    gold: dict[str, Row] = {}
    count = 0
    for split in splits_on_disk(folder, program):
        rows = split.rows()
        kept = [row for row in rows if not unwanted.takes(row)]
        if not dry_run:
            split.keep(kept)
        same = (row for row in rows if row.from_file and row.key in unwanted.keys)
        gold = {f"row {row.data_row} of {row.source}": row for row in same} | gold
        gone = [row for row in rows if unwanted.takes(row)]
        scored |= {row.row_id for row in gone if split.split == "holdout"}
        versions |= {split.version} if gone else set()
        count += len(gone)
    return Taken(frozenset(versions), frozenset(scored), count, gold)


def forgotten_rows(folder: Place, ref: DatasetRef) -> int:
    """How many rows of a dataset version are forgotten; 0 where it has no snapshot."""
    try:
        manifest = read_manifest(folder, ref)
    except DatasetError:
        return 0
    return sum(part.get("forgotten", 0) for part in manifest["splits"].values())
