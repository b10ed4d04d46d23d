"""What is known before an assignment: the places of its inputs, and whom new ones nearly repeat.

The near-duplicate index of a program is kept in its home's derived files. It follows the ledger:
entries that came since are added, and where it does not fit the ledger, it is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Engine

from dspyui_core.datasets.near.index import Collection as Texts
from dspyui_core.datasets.near.index import Compared
from dspyui_core.datasets.near.stored import Stored, load_collection, save_collection
from dspyui_core.datasets.splitting.ledger import Ledger, Place
from dspyui_core.datasets.splitting.reading import (
    entries_after,
    places_of_keys,
    places_of_numbers,
    standing,
)

__all__ = ["InMemory", "InStore", "Known", "Progress", "keep_index", "known_in_store"]

Progress = Callable[[str], None]
_PORTION: Final = 20_000


class Known(Protocol):
    """What an assignment asks about what was decided before."""

    @property
    def last(self) -> int:
        """The ledger's newest entry."""

    @property
    def total(self) -> int:
        """How many places are known."""

    @property
    def places(self) -> Mapping[str, Place]:
        """The known places of the asked inputs, and perhaps of others, by key."""

    def compare(self, texts: Sequence[str], similarity: float) -> Compared:
        """Whom of the known, by number, and whom of each other these texts nearly repeat."""

    def numbered(self, numbers: Collection[int]) -> Mapping[int, Place]:
        """The places with these numbers."""


class InMemory:
    """A ledger that is at hand as a whole; its places are numbered in its order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._listed = tuple(ledger.places.values())

    @property
    def last(self) -> int:
        """The ledger's newest entry."""
        return self._ledger.last

    @property
    def total(self) -> int:
        """How many places are known."""
        return len(self._listed)

    @property
    def places(self) -> Mapping[str, Place]:
        """All places by key."""
        return self._ledger.places

    def compare(self, texts: Sequence[str], similarity: float) -> Compared:
        """Whom of the known, by number, and whom of each other these texts nearly repeat."""
        known = [place.text for place in self._listed]
        return Texts.empty(similarity).extended(known, range(len(known))).compare(texts)

    def numbered(self, numbers: Collection[int]) -> Mapping[int, Place]:
        """The places with these numbers."""
        return {number: self._listed[number] for number in numbers}


@dataclass(frozen=True, slots=True)
class InStore:
    """A program's ledger in the state database, and its index in a folder, where it has one.

    With `keep` the folder gets what the index lacks. Only who holds the program's lock may ask for
    that: an index written while somebody is forgotten would have what they said.
    """

    engine: Engine
    program: str
    places: Mapping[str, Place]
    last: int
    total: int
    folder: Path | None
    keep: bool
    on_progress: Progress | None

    def compare(self, texts: Sequence[str], similarity: float) -> Compared:
        """Whom of the known, by number, and whom of each other these texts nearly repeat."""
        return _current(self, similarity).compare(texts)

    def numbered(self, numbers: Collection[int]) -> Mapping[int, Place]:
        """The places with these numbers, without their texts."""
        return places_of_numbers(self.engine, self.program, numbers, total=self.total)


def known_in_store(
    engine: Engine,
    program: str,
    keys: Collection[str],
    *,
    folder: Path | None = None,
    keep: bool = False,
    on_progress: Progress | None = None,
) -> InStore:
    """What the ledger knows about these inputs; no text of it is read yet."""
    now = standing(engine, program)
    places = places_of_keys(engine, program, keys, upto=now.last, total=now.entries)
    return InStore(engine, program, places, now.last, now.entries, folder, keep, on_progress)


def keep_index(
    engine: Engine, program: str, folder: Path, similarity: float, *, on_progress: Progress | None
) -> None:
    """Bring a program's index up to its ledger, so that the next assignment finds it ready."""
    known = known_in_store(engine, program, (), folder=folder, keep=True, on_progress=on_progress)
    _current(known, similarity)


def _current(known: InStore, similarity: float) -> Texts:
    """The texts of the ledger's entries, from the index as far as it goes."""
    stored = _fitting(known, similarity)
    texts = stored.texts if stored is not None else Texts.empty(similarity)
    after = int(stored.mark["last"]) if stored is not None else 0
    if after == known.last:
        return texts
    entries = entries_after(known.engine, known.program, after, upto=known.last)
    if len(entries) > _PORTION and known.on_progress is not None:
        known.on_progress(f"indexing {len(entries)} known inputs")
    said = [entry for entry in entries if entry.text]
    texts = texts.extended([entry.text for entry in said], [entry.seq for entry in said])
    if known.folder is not None and known.keep:
        _save(known, known.folder, texts, anew=stored is None)
    return texts


def _fitting(known: InStore, similarity: float) -> Stored | None:
    """The stored index, where it has exactly what the ledger had at its mark, and still has."""
    if known.folder is None or not known.folder.exists():
        return None
    stored = load_collection(known.folder)
    if stored is None:
        _say(known, "the near-duplicate index is damaged or of another version, making it again")
        return None
    mark = stored.mark
    then = standing(known.engine, known.program, upto=int(mark.get("last", 0)))
    if stored.texts.similarity == similarity and dict(mark) == then.mark():
        return stored
    _say(known, "the near-duplicate index does not fit the ledger any more, making it again")
    return None


def _save(known: InStore, folder: Path, texts: Texts, *, anew: bool) -> None:
    mark = standing(known.engine, known.program, upto=known.last).mark()
    try:
        save_collection(folder, Stored(texts, mark), anew=anew)
    except OSError as error:
        # It is only faster with it.
        _say(known, f"the near-duplicate index cannot be kept in {folder}: {error.strerror}")


def _say(known: InStore, message: str) -> None:
    if known.on_progress is not None:
        known.on_progress(message)
