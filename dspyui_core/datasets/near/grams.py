"""Grams: the character 4-grams of many texts as numbers, and each text as a set of them.

The same sets as `text.character_ngrams`, as arrays. A gram's code is a permutation of its four
code points where all are in Unicode's basic plane, so different grams have different codes; others
have a 59-bit hash of their own, so two of those may be taken for one, once in 10**17 pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from dspyui_core.text import normalise, words

GRAM_SIZE: Final = 4
Codes = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Ids = NDArray[np.int32]
# Half of a surrogate pair, which valid text has not: it fills up texts shorter than a gram.
_FILLING: Final = "\udfff"
# Their start marks hashed grams, for the same reason; they keep 59 bits of their hash.
_HASHED: Final = np.uint64(0xD800)
_BASIC_PLANE: Final = 0x10000
_UTF8: Final = ("utf-8", "surrogatepass")
_SILENCE: Final = int.from_bytes(blake2b(b"", digest_size=8).digest())
_BLOCK_CHARACTERS: Final = 1 << 21
# Odd numbers of 64 bits: the constants of splitmix64 (Steele et al. 2014) and of wyhash.
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_POINTS: Final = tuple(
    np.uint64(odd)
    for odd in (0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3)
)


@dataclass(frozen=True, slots=True)
class Block:
    """The grams of some texts: `codes` with the text that has each, `owners`, from 0 to `texts`.

    A gram that a text has twice is there twice.
    """

    codes: Codes
    owners: Numbers
    texts: int


@dataclass(frozen=True, slots=True)
class GramSets:
    """Texts as sets of gram ids: those of text i are `members[starts[i]:starts[i + 1]]`, sorted.

    `said` has a hash of the words of each text, 0 where it has none.
    """

    starts: Numbers
    members: Ids
    said: Codes

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Numbers:
        """How many different grams each text has."""
        return np.diff(self.starts)

    def of(self, chosen: Numbers) -> GramSets:
        """Some of the texts, by their numbers, in that order."""
        sizes = self.sizes[chosen]
        members = self.members[spans(self.starts[chosen], sizes)]
        return GramSets(sums(sizes), members, self.said[chosen])

    def and_then(self, other: GramSets) -> GramSets:
        """These texts, and after them those of another."""
        starts = np.concatenate((self.starts, other.starts[1:] + self.starts[-1]))
        members = np.concatenate((self.members, other.members))
        return GramSets(starts, members, np.concatenate((self.said, other.said)))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The ids of grams: `codes` sorted, `ids` beside them; an id, once given, never changes.

    The rarer of the grams that come at once get the larger ids, and later ones larger than all
    before, so sorting by id puts the rare ones last, roughly, and for ever in the same order.
    """

    codes: Codes
    ids: Ids

    @classmethod
    def empty(cls) -> Self:
        """No gram at all."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.int32))

    def __len__(self) -> int:
        return len(self.codes)

    def extended(self, texts: Sequence[str]) -> Vocabulary:
        """With the grams of these texts; itself where it has them all."""
        codes, counts = np.empty(0, np.uint64), np.empty(0, np.int64)
        for block in blocks(texts):
            found, times = counted(block.codes)
            codes, counts = _added(codes, counts, found, times)
        places = np.searchsorted(self.codes, codes)
        new = np.append(self.codes, np.uint64(0))[places] != codes
        new |= places == len(self)
        codes, counts, places = codes[new], counts[new], places[new]
        ids = np.empty(len(codes), np.int32)
        ids[np.argsort(-counts, kind="stable")] = np.arange(len(codes)) + len(self)
        return Vocabulary(np.insert(self.codes, places, codes), np.insert(self.ids, places, ids))

    def sets(self, texts: Sequence[str]) -> GramSets:
        """Each text as the set of its grams, all of which are known here."""
        found, members = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
        for block in blocks(texts):
            ids = self._ids_of(block.codes)
            starts, some = sorted_sets(block.owners, ids, block.texts, len(self))
            found.append(np.diff(starts))
            members.append(some)
        return GramSets(sums(np.concatenate(found)), np.concatenate(members), _said(texts))

    def _ids_of(self, codes: Codes) -> Ids:
        # Sorted first: a binary search for codes in no order is ten times as slow.
        order = np.argsort(codes)
        ids = np.empty(len(codes), np.int32)
        ids[order] = self.ids[np.searchsorted(self.codes, codes[order])]
        return ids


def blocks(texts: Sequence[str]) -> Iterator[Block]:
    """The grams of the normalised texts, so many at a time that a block stays small in memory."""
    held: list[str] = []
    characters = 0
    for text in texts:
        clean = normalise(text)
        held.append(clean.ljust(GRAM_SIZE, _FILLING) if clean else "")
        characters += len(clean)
        if characters >= _BLOCK_CHARACTERS:
            yield _block(held)
            held, characters = [], 0
    if held:
        yield _block(held)


def sorted_sets(owners: Numbers, ids: Ids, texts: int, grams: int) -> tuple[Numbers, Ids]:
    """Starts and members of so many sets, from who has which gram in any order, also twice."""
    pairs, _ = counted(owners * grams + ids)
    starts = np.searchsorted(pairs, np.arange(texts + 1) * grams)
    return starts.astype(np.int64), (pairs % max(grams, 1)).astype(np.int32)


def sums(lengths: Numbers) -> Numbers:
    """Where each of these lengths begins, and the last one ends."""
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


def counted(numbers: NDArray[Any]) -> tuple[NDArray[Any], Numbers]:
    """The different numbers, sorted, and how often each is there."""
    # Unlike np.unique, which looks them up in a hash table: sorting takes a fiftieth of that time.
    ordered = np.sort(numbers)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    return ordered[starts], np.diff(starts, append=len(ordered))


def spans(starts: Numbers, lengths: Numbers) -> Numbers:
    """All places of these spans, one span after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)


def _added(codes: Codes, counts: Numbers, found: Codes, times: Numbers) -> tuple[Codes, Numbers]:
    both = np.concatenate((codes, found))
    order = np.argsort(both, kind="stable")
    merged, lengths = counted(both)
    so_far = sums(np.concatenate((counts, times))[order])[sums(lengths)]
    return merged, np.diff(so_far)


def _said(texts: Sequence[str]) -> Codes:
    hashes = [blake2b(" ".join(words(text)).encode(*_UTF8), digest_size=8) for text in texts]
    codes = np.array([int.from_bytes(made.digest()) for made in hashes], np.uint64)
    codes[codes == _SILENCE] = 0
    return codes


def _block(texts: Sequence[str]) -> Block:
    raw = "".join(texts).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(raw, np.dtype("<u4")).astype(np.uint64)
    lengths = np.array([len(text) for text in texts], np.int64)
    starts = np.cumsum(lengths) - lengths
    counts = np.maximum(lengths - GRAM_SIZE + 1, 0)
    places = spans(starts, counts)
    codes = _codes([points[places + offset] for offset in range(GRAM_SIZE)])
    return Block(codes, np.repeat(np.arange(len(texts)), counts), len(texts))


def _codes(points: Sequence[Codes]) -> Codes:
    """One number for each four code points."""
    packed = points[0].copy()
    for place, some in enumerate(points[1:], 1):
        packed |= some << np.uint64(16 * place)
    wide = np.maximum.reduce(points) >= _BASIC_PLANE
    if wide.any():
        hashed = _mixed(sum(some[wide] * odd for some, odd in zip(points, _POINTS, strict=True)))
        packed[wide] = _HASHED | (hashed & np.uint64(0x7FF)) | (hashed & ~np.uint64(0xFFFF))
    return _mixed(packed)


def _mixed(codes: Codes) -> Codes:
    """Splitmix64's last step, which maps the numbers of 64 bits to each other one to one."""
    codes = (codes ^ (codes >> np.uint64(30))) * _MIX[0]
    codes = (codes ^ (codes >> np.uint64(27))) * _MIX[1]
    return codes ^ (codes >> np.uint64(31))
