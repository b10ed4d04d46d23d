"""Stored collections: a near-duplicate index on disk, read by mapping it into memory.

A folder has an .npy file for each array, which never changes, and a manifest that names them with
their checksums. The manifest moves last; whatever does not fit it is as good as not there.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from dspyui_core.datasets.near.grams import GramSets, Vocabulary
from dspyui_core.datasets.near.index import Collection
from dspyui_core.datasets.near.segment import Segment
from dspyui_core.files import whole_file

__all__ = ["Stored", "load_collection", "save_collection"]

_MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A collection, and what its owner wrote beside it to know whether it still fits."""

    texts: Collection
    mark: Mapping[str, Any]


def save_collection(folder: Path, stored: Stored, *, anew: bool = False) -> None:
    """Write a collection; what the folder has already stays, unless it is written `anew`.

    Raises OSError, and then the folder is as good as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = None if anew else _manifest(folder)
    texts = stored.texts
    files = [
        _written(folder, before, "vocabulary", len(texts.vocabulary), _of_words(texts.vocabulary)),
        *(_segment(folder, before, segment) for segment in texts.segments),
    ]
    manifest = {
        "format": _FORMAT,
        "similarity": texts.similarity,
        "ranked": texts.ranked,
        "mark": dict(stored.mark),
        "parts": files,
    }
    with whole_file(folder / _MANIFEST) as stream:
        stream.write(json.dumps(manifest).encode())
    _sweep(folder, {name for part in files for name in part["files"].values()})


def load_collection(folder: Path) -> Stored | None:
    """The collection of a folder, or None where it has none that is whole and of this format."""
    manifest = _manifest(folder)
    if manifest is None:
        return None
    try:
        words, *segments = [_arrays(folder, part) for part in manifest["parts"]]
        similarity, ranked = float(manifest["similarity"]), int(manifest["ranked"])
        texts = Collection(
            Vocabulary(words["codes"], words["ids"]),
            tuple(_read_segment(arrays, similarity) for arrays in segments),
            similarity,
            ranked,
        )
        return Stored(texts, manifest["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of_words(words: Vocabulary) -> dict[str, Array]:
    return {"codes": words.codes, "ids": words.ids}


def _segment(folder: Path, before: Any, segment: Segment) -> dict[str, Any]:
    arrays: dict[str, Array] = {
        "starts": segment.sets.starts,
        "members": segment.sets.members,
        "said": segment.sets.said,
        "numbers": segment.numbers,
        "marks": segment.marks,
        "ends": segment.ends,
        "heads": segment.heads,
        "texts": segment.texts,
        "unmet": segment.unmet,
    }
    return _written(folder, before, "segment", len(segment), arrays)


def _read_segment(arrays: Mapping[str, Array], similarity: float) -> Segment:
    return Segment(
        GramSets(arrays["starts"], arrays["members"], arrays["said"]),
        arrays["numbers"],
        arrays["marks"],
        arrays["ends"],
        arrays["heads"],
        arrays["texts"],
        arrays["unmet"],
        similarity,
    )


def _written(
    folder: Path, before: Any, kind: str, size: int, arrays: Mapping[str, Array]
) -> dict[str, Any]:
    """What the manifest says of a part: its files, written now or there already."""
    sums = {name: _checksum(array) for name, array in arrays.items()}
    for part in before["parts"] if before is not None else ():
        if part["sums"] == sums and part["kind"] == kind:
            return dict(part)
    files = {name: f"{kind}-{name}-{uuid4().hex}.npy" for name in arrays}
    for name, array in arrays.items():
        # Not forced to the disk: what a crash leaves of it does not fit its checksum.
        np.save(folder / files[name], array, allow_pickle=False)
    return {"kind": kind, "size": size, "files": files, "sums": sums}


def _arrays(folder: Path, part: Mapping[str, Any]) -> dict[str, Array]:
    """The arrays of a part, mapped into memory. Raises ValueError where one is damaged."""
    found = {}
    for name, file in part["files"].items():
        array = np.load(folder / file, mmap_mode="r", allow_pickle=False)
        if _checksum(array) != part["sums"][name]:
            raise ValueError(f"{file} is not what was written")
        found[name] = array.view(np.ndarray)
    return found


def _checksum(array: Array) -> str:
    """The shape, the kind and a CRC of the content."""
    content = np.ascontiguousarray(array)
    return f"{content.dtype.str} {content.shape} {zlib.crc32(content.data)}"


def _manifest(folder: Path) -> Any:
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        whole = manifest["format"] == _FORMAT and isinstance(manifest["parts"], list)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return manifest if whole else None


def _sweep(folder: Path, named: set[str]) -> None:
    """Remove what the manifest does not name: who has mapped it keeps it until it is done."""
    for path in folder.glob("*.npy"):
        if path.name not in named:
            path.unlink(missing_ok=True)
