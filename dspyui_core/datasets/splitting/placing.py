"""Placing: the new rows of one assignment get their splits, near-duplicates on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np

from dspyui_core.datasets.findings import Finding, FoundAt
from dspyui_core.datasets.folding import SPLIT_ORDER
from dspyui_core.datasets.near.pairs import Pairs
from dspyui_core.datasets.rows import Row, input_text
from dspyui_core.datasets.splitting.known import Known
from dspyui_core.datasets.splitting.ledger import Place
from dspyui_core.errors import Problem
from dspyui_core.records import SplitName
from dspyui_core.spec import Shares

__all__ = ["Placer"]

_NONE: Final[frozenset[SplitName]] = frozenset()


class Placer:
    """The places of one assignment while they are being decided; `findings` by the row's key.

    New rows are numbered in their order. Not `complete` is what did not compare all of them.
    """

    def __init__(self, known: Known, new: Sequence[Row], similarity: float) -> None:
        self.findings: dict[str, Finding] = {}
        self.complete = True
        self._rows = new
        self._numbers = {row.key: number for number, row in enumerate(new)}
        self._texts = [input_text(row.inputs) for row in new]
        self._placed: dict[int, Place] = {}
        self._met: set[int] = set()
        # The splits of the places that a row nearly repeats, and the smallest of their groups.
        self._claims: dict[int, frozenset[SplitName]] = {}
        self._groups: dict[int, str] = {}
        # One text of each split that a row nearly repeats.
        self._repeats: dict[int, dict[SplitName, str]] = {}
        self._near = _Neighbours(Pairs.joined([]), len(new))
        # Without new rows there is nothing to compare, and most turns have few.
        if new:
            self._look_around(known, similarity)

    def place(self, rows: Iterable[Row], shares: Shares) -> None:
        """Decide these rows: first those with a claim, then wave by wave what is near them."""
        waiting = {self._numbers[row.key] for row in rows}
        wave = [number for number in waiting if self._asked(number)]
        while wave:
            waiting -= set(wave)
            placed = [n for n in sorted(wave, key=self._precedence) if self._place_claimed(n)]
            wave = list({near for number in placed for near in self._near.of(number)} & waiting)
        for group in self._hanging_together(waiting):
            first = self._rows[group[0]].key
            split = _by_hash(first, shares)
            for number in group:
                self._settle(number, split, first)

    def keep_from_holdout(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that do not meet the holdout, be it through other new rows that have no place.

        Those that do are parked: to be learned from they would have to be far from the holdout.
        """
        asking = {self._numbers[row.key] for row in rows}
        unplaced = {n for n in self._claims if n not in self._placed}
        reached = {n for n in unplaced if "holdout" in self._claims[n]}
        frontier = list(reached)
        while frontier:
            found = {*self._near.of(frontier.pop())} & asking - reached
            reached |= found
            frontier += found
        self._met |= reached & asking
        return [self._rows[number] for number in sorted(asking - reached)]

    def is_parked(self, row: Row) -> bool:
        """Whether a new row meets the holdout."""
        return self._numbers.get(row.key) in self._met

    def place_of(self, row: Row) -> Place | None:
        """Where a new row is placed; None where it is not, or was known before."""
        return self._placed.get(self._numbers.get(row.key, -1))

    def repeated(self) -> dict[FoundAt, tuple[str, ...]]:
        """For each row between two splits, a text of each split that it nearly repeats."""
        between = {
            finding.place: self._repeats.get(self._numbers[key], {})
            for key, finding in self.findings.items()
        }
        return {at: tuple(texts[split] for split in sorted(texts)) for at, texts in between.items()}

    def _look_around(self, known: Known, similarity: float) -> None:
        compared = known.compare(self._texts, similarity)
        self.complete = compared.complete
        self._near = _Neighbours(compared.among, len(self._rows))
        pairs = zip(compared.known.left.tolist(), compared.known.right.tolist(), strict=True)
        places = known.numbered(set(compared.known.right.tolist()))
        for number, other in pairs:
            self._claim(number, places[other])

    def _claim(self, number: int, place: Place) -> None:
        self._claims[number] = self._claims.get(number, _NONE) | {place.split}
        self._groups[number] = min(self._groups.get(number, place.group), place.group)
        self._repeats.setdefault(number, {}).setdefault(place.split, place.text)

    def _settle(self, number: int, split: SplitName, group: str) -> None:
        place = Place(split, group, self._texts[number])
        self._placed[number] = place
        for near in self._near.of(number):
            self._claim(near, place)

    def _asked(self, number: int) -> frozenset[SplitName]:
        """The splits that this row has a reason to be in."""
        claims, split = self._claims.get(number, _NONE), self._rows[number].split
        return claims if split == "auto" else claims | {split}

    def _precedence(self, number: int) -> tuple[int, str]:
        return min(SPLIT_ORDER[split] for split in self._asked(number)), self._rows[number].key

    def _place_claimed(self, number: int) -> bool:
        """Whether the row could be placed; between two splits it is quarantined."""
        row, splits = self._rows[number], self._asked(number)
        if len(splits) > 1:
            self.findings[row.key] = _between(row, self._claims[number])
            return False
        self._settle(number, next(iter(splits)), self._groups.get(number, row.key))
        return True

    def _hanging_together(self, waiting: Collection[int]) -> list[list[int]]:
        """The rows connected by near-duplicates, each group sorted by key."""
        groups, seen = [], set[int]()
        for start in sorted(waiting):
            if start in seen:
                continue
            seen.add(start)
            reached, frontier = [start], [start]
            while frontier:
                found = {n for n in self._near.of(frontier.pop()) if n in waiting} - seen
                seen |= found
                reached += found
                frontier += found
            groups.append(sorted(reached, key=lambda number: self._rows[number].key))
        return groups


class _Neighbours:
    """Whom each of so many rows nearly repeats, by number."""

    def __init__(self, pairs: Pairs, count: int) -> None:
        left = np.concatenate((pairs.left, pairs.right))
        order = np.argsort(left, kind="stable")
        self._starts = np.searchsorted(left[order], np.arange(count + 1))
        self._others = np.concatenate((pairs.right, pairs.left))[order]

    def of(self, number: int) -> list[int]:
        start, end = self._starts[number], self._starts[number + 1]
        near: list[int] = self._others[start:end].tolist()
        return near


def _by_hash(group: str, shares: Shares) -> SplitName:
    """The split by the group's hash; hashed again, because a group's smallest key is small."""
    digest = hashlib.sha256(f"split {group}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    if share < shares.train:
        return "train"
    # The last split with a share takes what rounding leaves over.
    if share < shares.train + shares.validation or not shares.holdout:
        return "validation" if shares.validation else "train"
    return "holdout"


def _between(row: Row, near: Collection[SplitName]) -> Finding:
    splits = " and ".join(sorted(near))
    asks = f"asks for {row.split} but " if row.split != "auto" else ""
    column = next(iter(row.inputs))
    problem = Problem(
        column,
        f"{asks}nearly repeats rows of {splits}",
        row.inputs[column],
        "remove it, or what it nearly repeats, from one of the splits",
        row.data_row,
    )
    return Finding("leakage", problem, row.source, row.trace_id)
