"""Segments: texts as gram sets with their meeting places, and the near pairs found between them.

A prefix filter (Chaudhuri et al. 2006; the k-prefix form: Wang et al. 2012, AdaptJoin): two sets of
Jaccard similarity >= t share at least k of their n - ceil(t * n) + k rarest members, so only texts
that meet there, and whose sizes allow it, are compared. Of those, most are ruled out by a bitmap
(Sandes et al. 2020): the bits in which two differ are never more than the members in which they do.
Unlike MinHash it misses nothing, but where a very large file repeats its wording in most rows.

Texts in the same words are near, too: `Help!` and `help` share too few grams.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from dspyui_core.datasets.near.grams import GramSets, Ids, Numbers, spans, sums
from dspyui_core.datasets.near.pairs import Pairs, bounded, same_words

# Measured on 10,000 questions: 1 takes twice as long (it compares ten times as many pairs).
_MEETINGS: Final = 4
_ROUNDING: Final = 1e-9
# How many meetings are counted, and members compared, at a time: some 100 MB of memory.
_AT_ONCE: Final = 1 << 22
_TABLE_BYTES: Final = 1 << 23
# Texts of one size meet those of similar sizes; more blocks cost more than they save.
_BLOCK_TEXTS: Final = 1 << 10
_MOST_BLOCKS: Final = 48
# Beyond so many meetings (minutes of work), only the rarer grams are meeting places: fewer of them.
MOST_MEETINGS: Final = 2 * 10**10
FEWER_MEETINGS: Final = 5 * 10**8
_MARK_WORDS: Final = 4
_WORD_BITS: Final = 64
Marks = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Segment:
    """Texts to be met, sorted by size: `sets`, each of the text with the number in `numbers`.

    `marks` has a bitmap of each set.
    Block b holds those from `ends[b - 1]` to `ends[b]`. Of its texts with the rare gram g, counted
    from its first, `texts[heads[b, g]:heads[b, g + 1]]` is the list; `unmet` grams have none, as
    their lists would be too long. Fixed for one `similarity`.
    """

    sets: GramSets
    numbers: Numbers
    marks: Marks
    ends: Numbers
    heads: Ids
    texts: Ids
    unmet: NDArray[np.bool_]
    similarity: float

    @classmethod
    def of(cls, sets: GramSets, numbers: Numbers, similarity: float) -> Self:
        """The segment of these sets, whatever their order."""
        order = np.argsort(sets.sizes, kind="stable")
        sets, numbers = sets.of(order), numbers[order]
        length = max(_BLOCK_TEXTS, -(-len(sets) // _MOST_BLOCKS))
        ends = np.append(np.arange(length, len(sets), length), len(sets)).astype(np.int64)
        prefixes = prefixes_of(sets, similarity)
        grams = int(prefixes.members.max(initial=-1)) + 1
        numbered = np.repeat(np.arange(len(sets)), prefixes.sizes)
        block = numbered // length
        unmet = _too_busy(prefixes.members, grams)
        meeting = ~unmet[prefixes.members]
        numbered, block = numbered[meeting], block[meeting]
        place = block * grams + prefixes.members[meeting]
        by_place = np.argsort(place, kind="stable")
        starts = np.searchsorted(place[by_place], np.arange(len(ends) * grams + 1))
        # A block's last head is the first one of the next.
        heads = starts.astype(np.int32)[
            np.arange(len(ends))[:, None] * grams + np.arange(grams + 1)
        ]
        texts = (numbered - block * length)[by_place].astype(np.int32)
        return cls(sets, numbers, marks_of(sets), ends, heads, texts, unmet, similarity)

    def __len__(self) -> int:
        return len(self.sets)

    @property
    def misses_none(self) -> bool:
        """Whether every near pair is found; not where so many texts share all that is rare."""
        return not self.unmet.any()

    def near(self, asked: GramSets) -> Pairs:
        """Who of the `asked` (left, from 0) nearly repeats whom of this segment (right)."""
        order = np.argsort(asked.sizes, kind="stable")
        asked = asked.of(order)
        parts = (self._near(asked, chunk, self.ends) for chunk in self._chunks(asked))
        same = same_words(asked.said, self.sets.said)
        found = Pairs.joined(bounded(chain([same], chain.from_iterable(parts))))
        return Pairs(order[found.left], self.numbers[found.right])

    def near_each_other(self) -> Pairs:
        """The pairs within this segment, each once and no text with itself."""
        parts = (self._earlier(chunk) for chunk in self._chunks(self.sets))
        said = self.sets.said
        same = same_words(said, said)
        other = same.left > same.right
        same = Pairs(same.left[other], same.right[other])
        found = Pairs.joined(bounded(chain([same], chain.from_iterable(parts))))
        return Pairs(self.numbers[found.left], self.numbers[found.right])

    def _earlier(self, chunk: Numbers) -> Iterator[Pairs]:
        last = int(np.searchsorted(self.ends, chunk[-1], side="right")) + 1
        for found in self._near(self.sets, chunk, self.ends[:last]):
            before = found.right < found.left
            yield Pairs(found.left[before], found.right[before])

    def _chunks(self, asked: GramSets) -> Iterator[Numbers]:
        """Numbers of the asked, so many at a time that their meetings fit into memory."""
        prefixes = prefixes_of(asked, self.similarity)
        # Behind the last gram, one that nobody here has.
        busy = np.append(np.diff(self.heads, axis=1).sum(axis=0), 0)
        known = np.minimum(prefixes.members, len(busy) - 1)
        work = sums(busy[known])[prefixes.starts]
        start = 0
        while start < len(asked):
            end = int(np.searchsorted(work, work[start] + _AT_ONCE, side="right")) - 1
            end = max(end, start + 1)
            yield np.arange(start, end)
            start = end

    def _near(self, asked: GramSets, chunk: Numbers, ends: Numbers) -> Iterator[Pairs]:
        """The pairs of a chunk, sorted by size, with the blocks whose sizes allow any."""
        some = asked.of(chunk)
        marks = marks_of(some)
        prefixes = prefixes_of(some, self.similarity)
        shortest = shared_at_least(some.sizes[:1], self.similarity)
        longest = some.sizes[-1:] / self.similarity + _ROUNDING
        sizes = self.sets.sizes
        for block, end in enumerate(ends):
            start = int(ends[block - 1]) if block else 0
            if end > start and sizes[end - 1] >= shortest and sizes[start] <= longest:
                left, right = self._meetings(some, prefixes, block, start, int(end))
                like = self._alike(some, marks, left, right)
                left, right = left[like], right[like]
                near = self._verified(some, left, right)
                yield Pairs(left[near] + chunk[0], right[near])

    def _meetings(
        self, some: GramSets, prefixes: GramSets, block: int, start: int, end: int
    ) -> tuple[Numbers, Numbers]:
        """Who of some meets whom of a block often enough, where their sizes allow it."""
        grams = self.heads.shape[1] - 1
        known = prefixes.members < grams
        owners = np.repeat(np.arange(len(prefixes)), prefixes.sizes)[known]
        starts = np.searchsorted(owners, np.arange(len(prefixes) + 1))
        heads = self.heads[block]
        mine = _ones(prefixes.members[known], starts, (len(prefixes), grams))
        theirs = _ones(self.texts[heads[0] : heads[-1]], heads - heads[0], (grams, end - start))
        met = mine @ theirs
        shared = shared_at_least(some.sizes, self.similarity)
        left_out = sums(np.append(self.unmet, False)[np.minimum(prefixes.members, grams)])
        needed = np.minimum(shared, _MEETINGS) - np.diff(left_out[prefixes.starts])
        needed = np.maximum(needed, np.minimum(shared, 1))
        often = np.flatnonzero(met.data >= needed.min())
        left = np.searchsorted(met.indptr, often, side="right") - 1
        right = met.indices[often].astype(np.int64) + start
        others = self.sets.sizes[right]
        fits = (met.data[often] >= needed[left]) & (others >= shared[left])
        fits &= others <= some.sizes[left] / self.similarity + _ROUNDING
        return left[fits], right[fits]

    def _alike(
        self, some: GramSets, marks: Marks, left: Numbers, right: Numbers
    ) -> NDArray[np.bool_]:
        """Which of the pairs may be near, as their bitmaps differ in few enough bits."""
        both = some.sizes[left] + self.sets.sizes[right]
        apart = np.zeros(len(left), np.int64)
        for word in range(_MARK_WORDS):
            apart += np.bitwise_count(marks[left, word] ^ self.marks[right, word])
        # Jaccard >= t means that 2t / (1 + t) of both sizes is shared, and the rest is not.
        return apart <= both * (1 - self.similarity) / (1 + self.similarity) + _ROUNDING

    def _verified(self, some: GramSets, left: Numbers, right: Numbers) -> NDArray[np.bool_]:
        """Which of the pairs, sorted by their left, are near: compared member by member."""
        sizes, others = some.sizes[left], self.sets.sizes[right]
        wide = int(some.members.max(initial=0)) + 1
        rows = max(1, _TABLE_BYTES // wide)
        shared = np.empty(len(left), np.int64)
        for start in range(0, len(some), rows):
            chunk = np.arange(start, min(start + rows, len(some)))
            table = np.zeros((len(chunk), wide + 1), np.bool_)
            mine = some.of(chunk)
            table[np.repeat(chunk - start, mine.sizes), mine.members] = True
            first, last = np.searchsorted(left, (start, start + rows))
            for part in _portions(others[first:last]):
                pairs = part + first
                shared[pairs] = self._shared(table, left[pairs] - start, right[pairs])
        return shared / (sizes + others - shared) >= self.similarity

    def _shared(self, table: NDArray[np.bool_], left: Numbers, right: Numbers) -> Numbers:
        """How many members each pair shares; the table says which the left one has."""
        lengths = self.sets.sizes[right]
        members = self.sets.members[spans(self.sets.starts[right], lengths)]
        # Its last column stands for all that none on the left has.
        known = np.minimum(members, table.shape[1] - 1)
        found = table[np.repeat(left, lengths), known]
        return np.add.reduceat(found, np.cumsum(lengths) - lengths, dtype=np.int64)


def _portions(lengths: Numbers) -> Iterator[Numbers]:
    """The numbers of the lengths, so many at a time that their sum fits into memory."""
    ends = np.cumsum(lengths)
    if len(ends):
        cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1], _AT_ONCE))
        yield from (part for part in np.split(np.arange(len(ends)), cuts) if len(part))


def _too_busy(members: Ids, grams: int) -> NDArray[np.bool_]:
    """Which grams are no meeting place, as too many texts would meet there; usually none."""
    counts = np.bincount(members, minlength=grams).astype(np.float64)
    if np.sum(counts**2) <= MOST_MEETINGS:
        return np.zeros(grams, np.bool_)
    rare_first = np.argsort(counts, kind="stable")
    busy = np.zeros(grams, np.bool_)
    busy[rare_first] = np.cumsum(counts[rare_first] ** 2) > FEWER_MEETINGS
    return busy


def marks_of(sets: GramSets) -> Marks:
    """Each set as a bitmap: its bits say of which residues the set has an odd number of members."""
    places = sets.members % (_MARK_WORDS * _WORD_BITS)
    bits = np.uint64(1) << (places % _WORD_BITS).astype(np.uint64)
    marks = np.zeros((len(sets), _MARK_WORDS), np.uint64)
    filled = np.flatnonzero(sets.sizes)
    for word in range(_MARK_WORDS) if len(filled) else ():
        mine = np.where(places // _WORD_BITS == word, bits, np.uint64(0))
        marks[filled, word] = np.bitwise_xor.reduceat(mine, sets.starts[filled])
    return marks


def prefixes_of(sets: GramSets, similarity: float) -> GramSets:
    """The rare members of each set, among which it meets whatever is near it."""
    sizes = sets.sizes
    lengths = np.minimum(sizes - shared_at_least(sizes, similarity) + _MEETINGS, sizes)
    members = sets.members[spans(sets.starts[1:] - lengths, lengths)]
    return GramSets(sums(lengths), members, sets.said)


def shared_at_least(sizes: Numbers, similarity: float) -> Numbers:
    """How many members a near duplicate of a set of this size shares with it, at least."""
    return np.ceil(similarity * sizes - _ROUNDING).astype(np.int64)


def _ones(columns: Ids, starts: Numbers, shape: tuple[int, int]) -> Any:
    """A sparse matrix with a one at each of these places."""
    from scipy import sparse  # takes a quarter of a second, and most commands compare nothing

    ones = np.ones(len(columns), np.int32)
    return sparse.csr_array((ones, columns, starts.astype(np.int32)), shape=shape)
