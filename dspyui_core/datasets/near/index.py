"""Near-duplicate search: which texts share enough character 4-grams, found exactly.

A collection grows in steps: the grams known when it was last ranked keep their order, rare ones
last, and what comes later counts as rarer still, so what was indexed before stays as it is. It is
ranked anew when it has doubled. See `segment` for why nothing is missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np

from dspyui_core.datasets.near.grams import GRAM_SIZE, GramSets, Numbers, Vocabulary, sorted_sets
from dspyui_core.datasets.near.pairs import Pairs
from dspyui_core.datasets.near.segment import Segment

__all__ = ["GRAM_SIZE", "Collection", "Compared", "NearIndex"]

_DOUBLED = 2


@dataclass(frozen=True, slots=True)
class Compared:
    """What texts nearly repeat: `known` texts, by number, and each other, by their place.

    Of a pair within the texts only one order is listed. Where it is not `complete`, so many texts
    share their wording that not all of them were compared.
    """

    known: Pairs
    among: Pairs
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Collection:
    """Numbered texts, to be asked which of them other texts nearly repeat; it holds no text.

    `similarity` (0..1] is the Jaccard similarity from which on two texts are near duplicates; they
    are, too, where they differ in nothing but case, spaces and punctuation. A text without
    characters is near nothing. `ranked` is how many texts the order of the grams
    was made from. A segment is at least twice as large as the next, so there are few.
    """

    vocabulary: Vocabulary
    segments: tuple[Segment, ...]
    similarity: float
    ranked: int = 0

    @classmethod
    def empty(cls, similarity: float) -> Self:
        """No text at all."""
        return cls(Vocabulary.empty(), (), similarity)

    def __len__(self) -> int:
        return sum(map(len, self.segments))

    def compare(self, texts: Sequence[str]) -> Compared:
        """Which known texts, and which of each other, these texts nearly repeat."""
        vocabulary = self.vocabulary.extended(texts)
        asked = vocabulary.sets(texts)
        own = Segment.of(asked, np.arange(len(asked)), self.similarity)
        known = Pairs.joined([segment.near(asked) for segment in self.segments])
        complete = all(segment.misses_none for segment in (*self.segments, own))
        return Compared(known, own.near_each_other(), complete)

    def near(self, texts: Sequence[str]) -> Pairs:
        """Which known texts (right, by number) these texts (left, by place) nearly repeat."""
        asked = self.vocabulary.extended(texts).sets(texts)
        return Pairs.joined([segment.near(asked) for segment in self.segments])

    def extended(self, texts: Sequence[str], numbers: Sequence[int]) -> Collection:
        """With these texts, under new numbers; costs by how many they are, but once in a while."""
        if not texts:
            return self
        vocabulary = self.vocabulary.extended(texts)
        new = Segment.of(vocabulary.sets(texts), np.array(numbers, np.int64), self.similarity)
        if len(self) + len(new) >= _DOUBLED * self.ranked:
            return self._ranked(vocabulary, (*self.segments, new))
        kept = list(self.segments)
        while kept and len(kept[-1]) < _DOUBLED * len(new):
            new = self._merged((kept.pop(), new))
        return Collection(vocabulary, (*kept, new), self.similarity, self.ranked)

    def _ranked(self, vocabulary: Vocabulary, segments: Sequence[Segment]) -> Collection:
        """All of it in one segment, its grams in a new order."""
        sets, numbers = _together(segments)
        counts = np.bincount(sets.members, minlength=len(vocabulary))
        ids = np.empty(len(vocabulary), np.int32)
        ids[np.argsort(-counts, kind="stable")] = np.arange(len(vocabulary))
        owners = np.repeat(np.arange(len(sets)), sets.sizes)
        placed = sorted_sets(owners, ids[sets.members], len(sets), len(vocabulary))
        sets = GramSets(*placed, sets.said)
        ordered = Vocabulary(vocabulary.codes, ids[vocabulary.ids])
        whole = Segment.of(sets, numbers, self.similarity)
        return Collection(ordered, (whole,), self.similarity, len(whole))

    def _merged(self, segments: Sequence[Segment]) -> Segment:
        return Segment.of(*_together(segments), self.similarity)


class NearIndex:
    """A fixed collection of texts by key, to be asked which of them a text nearly repeats."""

    def __init__(self, texts: Mapping[str, str], similarity: float) -> None:
        self._keys = tuple(texts)
        empty = Collection.empty(similarity)
        self._texts = empty.extended(tuple(texts.values()), range(len(self._keys)))

    def similar(self, text: str) -> tuple[str, ...]:
        """The keys of all near duplicates of `text`, sorted; an indexed text finds itself."""
        return self.similar_to((text,))[0]

    def similar_to(self, texts: Iterable[str]) -> list[tuple[str, ...]]:
        """What `similar` says of each of the texts; much faster than one by one."""
        asked = tuple(texts)
        found: list[list[str]] = [[] for _ in asked]
        pairs = self._texts.near(asked)
        for left, right in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
            found[left].append(self._keys[right])
        return [tuple(sorted({*keys})) for keys in found]


def _together(segments: Sequence[Segment]) -> tuple[GramSets, Numbers]:
    sets = reduce(GramSets.and_then, (segment.sets for segment in segments))
    return sets, np.concatenate([segment.numbers for segment in segments])
