"""Snapshots: a dataset version on disk, and the one door through which its splits are read."""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from dspyui_core.datasets.findings import distinct_places
from dspyui_core.datasets.rows import Row, content_hash
from dspyui_core.datasets.splits import Assigned
from dspyui_core.errors import DatasetError, HoldoutError, SplitError, StoreError
from dspyui_core.records import DatasetRef, SplitName
from dspyui_core.spec import canonical_json

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


def write_snapshot(folder: Path, assigned: Assigned) -> DatasetRef:
    """Write an assignment under `folder`/program/version: a Parquet file per split, a manifest.

    The manifest moves last, so a reader sees all of a snapshot or none of it. The same again
    changes nothing. Raises StoreError where the folder cannot be written.
    """
    ref = ref_of(assigned)
    home = _home(folder, ref)
    parts = {split: _Part.of(split, assigned.of(split)) for split in get_args(SplitName)}
    listed = {split: part.listed() for split, part in parts.items()}
    with _storing(home):
        home.mkdir(parents=True, exist_ok=True)
        if _listed_there(home) == listed:
            return ref
        for part in parts.values():
            _replace(home / part.file, part.parquet())
        _write_manifest(home, _manifest(assigned, ref, listed))
    return ref


def load_split(folder: Path, ref: DatasetRef, split: str, *, reader: Reader) -> tuple[Row, ...]:
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
    rows = _read_rows(_home(folder, ref) / str(listed["file"]))
    whole = len(rows) + listed.get("forgotten", 0) == getattr(ref, split)
    if content_hash(rows) != listed["content"] or not whole:
        raise _damaged(_home(folder, ref), f"its {split} rows are not those of this version")
    return rows


def read_manifest(folder: Path, ref: DatasetRef) -> dict[str, Any]:
    """What a snapshot says about itself: counts, fields, sources, splits. Holds no rows.

    A split from which rows were taken says how many: `forgotten`.
    """
    return _read_manifest(_home(folder, ref))


def splits_on_disk(folder: Path, program: str) -> Iterator[SplitOnDisk]:
    """Every split of every snapshot of a program, the newest first: for forgetting and tracing."""
    manifests = (folder / program).glob(f"*/{MANIFEST}")
    for path in sorted(manifests, key=lambda path: path.stat().st_mtime, reverse=True):
        for split in _read_manifest(path.parent)["splits"]:
            yield SplitOnDisk(path.parent, split)


@dataclass(frozen=True, slots=True)
class SplitOnDisk:
    """One split of the snapshot in a folder, to be read and rewritten without some of its rows."""

    home: Path
    split: str

    @property
    def version(self) -> str:
        """The dataset version that it belongs to."""
        return self.home.name

    def rows(self) -> tuple[Row, ...]:
        """Its rows. Raises DatasetError where the file is damaged."""
        return _read_rows(self.home / str(_listed(_read_manifest(self.home), self.split)["file"]))

    def keep(self, rows: Sequence[Row]) -> None:
        """Leave only these of its rows; the manifest says how many are forgotten.

        Repeating it changes nothing, and removes what a crash left behind.
        """
        manifest = _read_manifest(self.home)
        before = _listed(manifest, self.split)
        part = _Part.of(self.split, rows)
        gone = before["rows"] - len(rows)
        after = part.listed() | {"forgotten": before.get("forgotten", 0) + gone}
        with _storing(self.home):
            if gone:
                _replace(self.home / part.file, part.parquet())
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
    }


def _write_manifest(home: Path, manifest: Mapping[str, Any]) -> None:
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    _replace(home / MANIFEST, text.encode())


def _remove_strays(home: Path, manifest: Mapping[str, Any]) -> None:
    """Remove the files that the manifest does not name any more, or not yet."""
    named = {MANIFEST, *(part["file"] for part in manifest["splits"].values())}
    for path in home.iterdir():
        if path.is_file() and path.name not in named:
            path.unlink()


def _home(folder: Path, ref: DatasetRef) -> Path:
    return folder / ref.program / ref.version


def _listed_there(home: Path) -> Any:
    """The splits of a whole snapshot that is already there, else None."""
    try:
        listed = _read_manifest(home)["splits"]
        whole = all((home / part["file"]).is_file() for part in listed.values())
    except (DatasetError, KeyError, TypeError, AttributeError):
        return None
    return listed if whole else None


def _read_manifest(home: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
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


def _read_rows(path: Path) -> tuple[Row, ...]:
    try:
        # A file object, not a path: its handle is closed here, and no folder name is parsed.
        with path.open("rb") as file:
            return tuple(_row(cells) for cells in pq.read_table(file).to_pylist())
    except (OSError, pa.ArrowInvalid, ValueError, TypeError, KeyError) as error:
        raise _damaged(path.parent, str(error)) from error


def _damaged(home: Path, why: str) -> DatasetError:
    return DatasetError(
        f"the snapshot {home} is damaged: {why}",
        hint="remove that folder and run the turn again to write it anew",
    )


@contextmanager
def _storing(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the snapshot {home} cannot be written: {error.strerror}",
            hint="set DSPYUI_HOME to a folder you may write to, with room on its disk",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    """Write the whole file or none of it, also when the process or the machine dies."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
