"""Pairs of texts that nearly repeat each other, and those that say it in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from dspyui_core.datasets.near.grams import Codes, Numbers, counted, spans

# Beyond so many pairs a text is listed with its first few neighbours only: rows that all repeat
# each other still hang together, and memory stays bounded.
MOST_PAIRS: Final = 1 << 24
_FEW_NEIGHBOURS: Final = 16


@dataclass(frozen=True, slots=True)
class Pairs:
    """Texts that nearly repeat each other: the number of one, `left`, and of the other, `right`."""

    left: Numbers
    right: Numbers

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def joined(cls, parts: list[Pairs]) -> Self:
        """The pairs of all parts, each once."""
        none = np.empty(0, np.int64)
        left = np.concatenate([none, *(part.left for part in parts)])
        right = np.concatenate([none, *(part.right for part in parts)])
        wide = int(right.max(initial=0)) + 1
        pairs, _ = counted(left * wide + right)
        return cls(pairs // wide, pairs % wide)


def same_words(asked: Codes, known: Codes) -> Pairs:
    """Who of the asked says something in the same words as whom of the known."""
    order = np.argsort(known, kind="stable")
    starts = np.searchsorted(known[order], asked)
    lengths = np.searchsorted(known[order], asked, side="right") - starts
    lengths[asked == 0] = 0
    left = np.repeat(np.arange(len(asked)), lengths)
    return Pairs(left, order[spans(starts, lengths)])


def bounded(parts: Iterable[Pairs]) -> list[Pairs]:
    """The parts, thinned out from where there would be too many pairs."""
    kept: list[Pairs] = []
    total = 0
    for part in parts:
        few = part if total + len(part) <= MOST_PAIRS else _thinned(part)
        kept.append(few)
        total += len(few)
    return kept


def _thinned(pairs: Pairs) -> Pairs:
    order = np.argsort(pairs.left, kind="stable")
    left = pairs.left[order]
    rank = np.arange(len(left)) - np.searchsorted(left, left)
    few = order[rank < _FEW_NEIGHBOURS]
    return Pairs(pairs.left[few], pairs.right[few])
