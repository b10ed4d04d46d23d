"""Snapshots: a dataset version on disk, and the one door through which its splits are read."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from dspyui_core.datasets.findings import distinct_places
from dspyui_core.datasets.rows import Row, content_hash
from dspyui_core.datasets.shape import Shape, shape_of
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.errors import DatasetError, HoldoutError, SplitError
from dspyui_core.records import DatasetRef, SplitName
from dspyui_core.spec import canonical_json
from dspyui_core.storage import Folder, Place, folder_at

MANIFEST = "manifest.json"
_FORMAT = 1
# JSON texts, because Parquet's own types would not bring every value back exactly.
_JSON_COLUMNS = ("inputs", "labels", "slices")
_NUMBERS = ("data_row", "position")
_SCHEMA = pa.schema(
    [(slot.name, pa.int64() if slot.name in _NUMBERS else pa.string()) for slot in fields(Row)]
)


class Reader(enum.Enum):
    """Who reads a split, and therefore which ones it may see."""

    OPTIMIZER = "an optimizer"
    SELECTION = "a selection"
    LINEAGE = "a lineage"
    COMPARISON = "the comparison"


def write_snapshot(folder: Place, assigned: Assigned) -> DatasetRef:
    """Write an assignment under `folder`/program/version: a Parquet file per split, a manifest.

    The manifest moves last, so a reader sees all of a snapshot or none of it. The same again
    changes nothing. Raises StoreError where the folder cannot be written.
    """
    ref = ref_of(assigned)
    home = _home(folder, ref)
    parts = {split: _Part.of(split, assigned.of(split)) for split in get_args(SplitName)}
    listed = {split: part.listed() for split, part in parts.items()}
    if _listed_there(home) == listed:
        return ref
    for part in parts.values():
        home.write(part.file, part.parquet())
    _write_manifest(home, _manifest(assigned, ref, listed))
    return ref


def load_split(folder: Place, ref: DatasetRef, split: str, *, reader: Reader) -> tuple[Row, ...]:
    """The rows of one split of a snapshot, typed as they were written, in the same order.

    Raises HoldoutError where anyone but the comparison asks for the holdout, SplitError for an
    unknown split, DatasetError where the snapshot is missing or is not what was written.
    """
    if split not in get_args(SplitName):
        allowed = ", ".join(get_args(SplitName))
        raise SplitError(f"no split {split!r}", hint=f"splits are {allowed}")
    if split == "holdout" and reader is not Reader.COMPARISON:
        raise HoldoutError(
            f"{reader.value} asked for the holdout of {ref.program}",
            hint="only the comparison reads it; use train or validation",
        )
    listed = _listed(_read_manifest(_home(folder, ref)), split)
    rows = _read_rows(_home(folder, ref), str(listed["file"]))
    whole = len(rows) + listed.get("forgotten", 0) == getattr(ref, split)
    if content_hash(rows) != listed["content"] or not whole:
        raise _damaged(_home(folder, ref), f"its {split} rows are not those of this version")
    return rows


def read_manifest(folder: Place, ref: DatasetRef) -> dict[str, Any]:
    """What a snapshot says about itself: counts, fields, sources, splits. Holds no rows.

    A split from which rows were taken says how many: `forgotten`.
    """
    return _read_manifest(_home(folder, ref))


def read_shape(folder: Place, ref: DatasetRef) -> Shape | None:
    """The shape of a snapshot; None where it is damaged, gone, or of before there were shapes."""
    try:
        return Shape.model_validate(read_manifest(folder, ref)["shape"])
    except (DatasetError, KeyError, ValidationError):
        return None


def splits_on_disk(folder: Place, program: str) -> Iterator[SplitOnDisk]:
    """Every split of every snapshot of a program, the newest first: for forgetting and tracing."""
    for home in snapshots_on_disk(folder, program):
        for split in _read_manifest(home)["splits"]:
            yield SplitOnDisk(home, split)


def snapshots_on_disk(folder: Place, program: str) -> list[Folder]:
    """The folders of a program's whole snapshots, each named by its version, the newest first."""
    place = folder_at(folder) / program
    homes = [place / name for name in place.folders()]
    whole = [home for home in homes if MANIFEST in home.files()]
    return sorted(whole, key=lambda home: home.written(MANIFEST), reverse=True)


@dataclass(frozen=True, slots=True)
class SplitOnDisk:
    """One split of the snapshot in a folder, to be read and rewritten without some of its rows."""

    home: Folder
    split: str

    @property
    def version(self) -> str:
        """The dataset version that it belongs to."""
        return self.home.name

    def rows(self) -> tuple[Row, ...]:
        """Its rows. Raises DatasetError where the file is damaged."""
        return _read_rows(self.home, str(_listed(_read_manifest(self.home), self.split)["file"]))

    def columns(self, *names: str) -> list[dict[str, Any]]:
        """Some cells of its rows as they are stored: labels are JSON texts."""
        return _read_cells(
            self.home, str(_listed(_read_manifest(self.home), self.split)["file"]), names
        )

    def keep(self, rows: Sequence[Row]) -> None:
        """Leave only these of its rows; the manifest says how many are forgotten.

        Repeating it changes nothing, and removes what a crash left behind.
        """
        manifest = _read_manifest(self.home)
        before = _listed(manifest, self.split)
        part = _Part.of(self.split, rows)
        gone = before["rows"] - len(rows)
        after = part.listed() | {"forgotten": before.get("forgotten", 0) + gone}
        if gone:
            self.home.write(part.file, part.parquet())
            manifest["splits"][self.split] = after
            _write_manifest(self.home, manifest)
        _remove_strays(self.home, manifest)


class _Part:
    """One split on its way to disk, in a file named by its content."""

    def __init__(self, split: str, rows: Sequence[Row], content: str) -> None:
        self.rows, self.content = rows, content
        self.file = f"{split}-{content[:16]}.parquet"

    @classmethod
    def of(cls, split: str, rows: Sequence[Row]) -> _Part:
        return cls(split, rows, content_hash(rows))

    def listed(self) -> dict[str, Any]:
        return {"file": self.file, "rows": len(self.rows), "content": self.content}

    def parquet(self) -> bytes:
        table = pa.Table.from_pylist([_flat(row) for row in self.rows], schema=_SCHEMA)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        return bytes(sink.getvalue().to_pybytes())


def _flat(row: Row) -> dict[str, Any]:
    cells = {slot.name: getattr(row, slot.name) for slot in fields(Row)}
    return cells | {name: canonical_json(cells[name]) for name in _JSON_COLUMNS}


def _row(cells: Mapping[str, Any]) -> Row:
    # A snapshot of before there was metadata has no column for it.
    parsed = {name: json.loads(cells[name]) for name in _JSON_COLUMNS if name in cells}
    return Row(**{**cells, **parsed})


def ref_of(assigned: Assigned) -> DatasetRef:
    """The dataset version of an assignment with its counts of rows, written or not."""
    return DatasetRef(
        program=assigned.fold.spec.name,
        version=assigned.fold.version,
        rows=len(assigned.rows),
        train=len(assigned.of("train")),
        validation=len(assigned.of("validation")),
        holdout=len(assigned.of("holdout")),
        quarantined=distinct_places(assigned.findings),
        parked=len(assigned.parked),
        feedback_rows=sum(row.is_feedback for row in assigned.rows),
        feedback_upto=assigned.fold.upto,
    )


def _manifest(assigned: Assigned, ref: DatasetRef, listed: Mapping[str, Any]) -> dict[str, Any]:
    signature = assigned.fold.spec.signature
    return {
        "format": _FORMAT,
        **ref.model_dump(mode="json"),
        "inputs": [field.model_dump(mode="json") for field in signature.inputs],
        "outputs": [field.model_dump(mode="json") for field in signature.outputs],
        "sources": [{"name": s.name, "sha256": s.sha256} for s in assigned.fold.sources],
        "splits": listed,
        "shape": shape_of(assigned).model_dump(mode="json"),
    }


def _write_manifest(home: Folder, manifest: Mapping[str, Any]) -> None:
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    home.write(MANIFEST, text.encode())


def _remove_strays(home: Folder, manifest: Mapping[str, Any]) -> None:
    """Remove the files that the manifest does not name any more, or not yet."""
    named = {MANIFEST, *(part["file"] for part in manifest["splits"].values())}
    for file in home.files():
        if file not in named:
            home.remove(file)


def _home(folder: Place, ref: DatasetRef) -> Folder:
    return folder_at(folder) / ref.program / ref.version


def _listed_there(home: Folder) -> Any:
    """The splits of a whole snapshot that is already there, else None."""
    try:
        listed = _read_manifest(home)["splits"]
        whole = {part["file"] for part in listed.values()} <= {*home.files()}
    except (DatasetError, KeyError, TypeError, AttributeError):
        return None
    return listed if whole else None


def _read_manifest(home: Folder) -> dict[str, Any]:
    try:
        manifest = json.loads(home.read(MANIFEST))
    except FileNotFoundError:
        raise DatasetError(f"no snapshot {home}", hint="run the turn again to write it") from None
    except (OSError, ValueError) as error:
        raise _damaged(home, str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise _damaged(home, f"its manifest is not of format {_FORMAT}")
    return manifest


def _listed(manifest: Mapping[str, Any], split: str) -> Mapping[str, Any]:
    listed: Mapping[str, Any] = manifest["splits"][split]
    return listed


def _read_rows(home: Folder, file: str) -> tuple[Row, ...]:
    try:
        return tuple(_row(cells) for cells in _read_cells(home, file))
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(home, str(error)) from error


def _read_cells(home: Folder, file: str, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    try:
        table = pq.read_table(pa.BufferReader(home.read(file)), columns=list(names) or None)
        return list(table.to_pylist())
    except (OSError, pa.ArrowInvalid) as error:
        raise _damaged(home, str(error)) from error


def _damaged(home: Folder, why: str) -> DatasetError:
    return DatasetError(
        f"the snapshot {home} is damaged: {why}",
        hint="remove that folder and run the turn again to write it anew",
    )
