"""Raters: users whose words are doubtful much more often than those of all others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, Literal

from dspyui_core.datasets.rows import Row, input_text
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.trust.plausible import FAR_OFF, UNLIKELY, Told, doubts
from dspyui_core.datasets.trust.tails import beta_binomial, summed
from dspyui_core.datasets.voting.electing import word_of
from dspyui_core.datasets.voting.votes import Vote
from dspyui_core.spec import RaterTrustSpec

# Corrections are about harder inputs than praise, and what is known needs no guess.
Kind = Literal["known", "correction", "praise"]
# Of fewer words of others nobody can say what is usual.
_USUAL: Final = 10
# Of a user who said more, a draw by the hash of the input says enough.
_MOST: Final = 500
# However sure it is: who errs only a little more than others is no danger.
_LEAST_EXCESS: Final = 0.15


@dataclass(frozen=True, slots=True)
class Rater:
    """A user with `doubtful` of `words`, where others would have `expected` with that `chance`."""

    party: str
    words: int
    doubtful: int
    expected: float
    chance: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """One word of a user: what kind it is of, and how little it fits."""

    key: str
    party: str
    kind: Kind
    doubt: int


def distrusted_raters(dataset: Assigned, spec: RaterTrustSpec) -> tuple[Rater, ...]:
    """The users whose words are doubtful beyond chance, by their names.

    A word is doubtful where it contradicts a gold or confirmed row, or where a classifier that has
    not seen it finds other labels likelier (`plausible.doubts`). Each user is compared with all
    others, kind by kind of word: the exact chance of so many doubtful ones, where the others' rate
    is only estimated, times the number of comparisons (Bonferroni). Whoever is found is left out
    of what the rest are compared with, until nobody is found. Holdout rows have no say.
    """
    found: dict[str, Rater] = {}
    fields = [f.name for f in dataset.fold.spec.signature.outputs if f.type in ("literal", "bool")]
    spoken = Counter(vote.voter.party for vote in dataset.fold.votes)
    if not fields or not any(count >= spec.minimum_words for count in spoken.values()):
        return ()
    words = _Words(dataset, fields)
    while True:
        judged = words.judged(found)
        worst = {rater.party: rater for rater in _worse(judged, spec)}
        if not worst:
            return tuple(found[party] for party in sorted(found))
        found |= worst


def _worse(judged: Sequence[_Judged], spec: RaterTrustSpec) -> Iterator[Rater]:
    """The users who are worse than the others at one of the two degrees of doubt."""
    compared = [
        rater
        for degree in (UNLIKELY, FAR_OFF)
        for rater in _compared(judged, degree)
        if rater.words >= spec.minimum_words
    ]
    for rater in compared:
        excess = (rater.doubtful - rater.expected) / rater.words
        if rater.chance * len(compared) <= spec.error and excess >= _LEAST_EXCESS:
            yield rater


def _compared(judged: Sequence[_Judged], degree: int) -> Iterator[Rater]:
    """Each user against all others, in the kinds of words of which these said enough."""
    said, doubted = _Tally(judged), _Tally(word for word in judged if word.doubt >= degree)
    for party in sorted(said.of):
        own, hits = said.of[party], doubted.of[party]
        others, usual = said.all - own, doubted.all - hits
        kinds = [kind for kind in own if others[kind] >= _USUAL]
        counts = (beta_binomial(own[kind], usual[kind], others[kind]) for kind in kinds)
        chances = reduce(summed, counts, [1.0])
        doubtful = sum(hits[kind] for kind in kinds)
        yield Rater(
            party=party,
            words=sum(own[kind] for kind in kinds),
            doubtful=doubtful,
            expected=sum(own[kind] * (1 + usual[kind]) / (2 + others[kind]) for kind in kinds),
            chance=sum(chances[doubtful:]),
        )


class _Tally:
    """How many words of each kind there are, of all and of each user."""

    def __init__(self, judged: Iterable[_Judged]) -> None:
        self.all: Counter[Kind] = Counter()
        self.of: dict[str, Counter[Kind]] = defaultdict(Counter)
        for word in judged:
            self.all[word.kind] += 1
            self.of[word.party][word.kind] += 1


class _Words:
    """What users say of inputs that are not in the holdout, and what is known without them."""

    def __init__(self, dataset: Assigned, fields: Sequence[str]) -> None:
        self._fields = fields
        learning = [row for row in dataset.rows if row.split != "holdout"]
        self._known = {row.key: row for row in learning if row.trust != "proposed"}
        self._taught = {row.row_id for row in learning if row.trust == "proposed"}
        hidden = {row.key for row in dataset.rows if row.split == "holdout"}
        hidden |= {row.key for row in dataset.parked}
        self._votes = [vote for vote in dataset.fold.votes if vote.row.key not in hidden]
        self._texts = {vote.row.key: input_text(vote.row.inputs) for vote in self._votes}
        self._texts |= {key: input_text(row.inputs) for key, row in self._known.items()}

    def judged(self, without: Iterable[str]) -> list[_Judged]:
        """Every word of everybody but some, who have no say in what is doubtful either."""
        left_out = set(without)
        votes = [vote for vote in self._votes if vote.voter.party not in left_out]
        open_ones = [vote for vote in votes if vote.row.key not in self._known]
        worst = [0] * len(open_ones)
        for field in self._fields:
            known = [self._told(row, field) for row in self._known.values()]
            found = doubts([*known, *self._said(open_ones, field)])[len(known) :]
            worst = [max(pair) for pair in zip(worst, found, strict=True)]
        guessed = [
            _judged(vote, "correction" if vote.corrects else "praise", doubt)
            for vote, doubt in zip(open_ones, worst, strict=True)
        ]
        return _drawn([*guessed, *self._compared(votes)])

    def _compared(self, votes: Iterable[Vote]) -> Iterator[_Judged]:
        """Words on inputs whose labels are known."""
        for vote in votes:
            row = self._known.get(vote.row.key)
            if row is not None:
                differs = any(vote.row.labels[name] != row.labels[name] for name in self._fields)
                yield _judged(vote, "known", FAR_OFF if differs else 0)

    def _said(self, votes: Sequence[Vote], field: str) -> Iterator[Told]:
        agreeing: dict[str, list[Vote]] = defaultdict(list)
        for vote in votes:
            agreeing[vote.row.row_id].append(vote)
        # A row is taught once, by whoever it counts as the word of.
        owners = {row_id: word_of(same) for row_id, same in agreeing.items()}
        for vote in votes:
            owns = owners.get(vote.row.row_id) == vote.voter.party
            if owns:
                del owners[vote.row.row_id]
            taught = owns and vote.row.row_id in self._taught
            yield self._told(vote.row, field, party=vote.voter.party, taught=taught)

    def _told(self, row: Row, field: str, party: str | None = None, taught: bool = True) -> Told:
        label = str(row.labels[field])
        return Told(row.key, self._texts[row.key], label, party, taught)


def _judged(vote: Vote, kind: Kind, doubt: int) -> _Judged:
    return _Judged(vote.row.key, vote.voter.party, kind, doubt)


def _drawn(judged: Sequence[_Judged]) -> list[_Judged]:
    """At most `_MOST` words of each user."""
    of_party: dict[str, list[_Judged]] = defaultdict(list)
    for word in sorted(judged, key=lambda word: word.key):
        of_party[word.party].append(word)
    return [word for own in of_party.values() for word in own[:_MOST]]
