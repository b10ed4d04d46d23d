"""Comparing text: normalising, n-grams, features and similarity, for everyone who compares text.

`normalise`, `character_ngrams` and `jaccard` tell whether two texts are the same (duplicates,
matching); `features`, `cosine` and `Index` what a text is like (the embedded LM, retrieved demos).
`texts_in` finds the texts of a value. Standard library only, deterministic, no state but a bounded
cache of features.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Self

# Weights chosen on 13 intents of Banking77 at seed 0, so a little optimistic there.
WORD_WEIGHT: Final = 2.0
STOPWORD_WEIGHT: Final = 0.3
CHARACTER_WEIGHT: Final = 0.35
PAIR_WEIGHT: Final = 0.6
CHARACTER_SIZES: Final = (3, 4)

# One entry is about 10 KB, so the cache stays under 50 MB.
FEATURE_CACHE_SIZE: Final = 4096

_COMMON: Final = (
    "a about am an and any are as at be been but by can could did do does for from get got had has"
    " have how i if in into is it its just me my of on or our please should so some that the their"
    " them then there these they this those to up us was we were what when where which who why will"
    " with would you your"
)
STOPWORDS: Final = frozenset(_COMMON.split())

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_WIDTHS: Final = re.compile("[\uff01-\uffee]+")
_SUFFIXES: Final = ("ations", "ation", "ings", "ing", "ies", "ied", "edly", "ed", "es", "s", "ly")
_SHORTEST_STEM: Final = 3


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a value, however deep in lists and objects; names of fields are none."""
    if isinstance(value, str):
        yield value
        return
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, Mapping):
            pending += reversed(list(inner.values()))
        elif isinstance(inner, list | tuple):
            pending += reversed(inner)


def normalise(text: str) -> str:
    """Return `text` in the form in which two texts count as equal.

    NFC, case-folded, full-width and half-width forms as the usual ones, runs of whitespace as one
    space, none at the ends. Other look-alikes stay apart: x² is not x2. Idempotent.
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    usual = _WIDTHS.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", usual).casefold())
    return " ".join(folded.split())


def words(text: str) -> list[str]:
    """Return the normalised words of `text` in order; underscores and punctuation separate."""
    return _WORD.findall(normalise(text))


def stem(word: str) -> str:
    """Return `word` without its common English ending; other languages pass nearly unchanged."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            word = word[: -len(suffix)]
            if len(word) > _SHORTEST_STEM and word[-1] == word[-2]:
                return word[:-1]
            break
    if len(word) > _SHORTEST_STEM and word[-1] in "ey":
        return word[:-1]
    return word


def character_ngrams(text: str, n: int) -> frozenset[str]:
    """Return the distinct runs of `n` characters of the normalised text, across word borders.

    A text shorter than `n` gives itself as its only run; an empty one gives none.
    Raises ValueError for `n` below 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    clean = normalise(text)
    if len(clean) <= n:
        return frozenset({clean} if clean else ())
    return frozenset(clean[start : start + n] for start in range(len(clean) - n + 1))


def jaccard(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    """Return the shared part of two sets, 0..1; two empty sets are equal, so 1."""
    union = len(a | b)
    return len(a & b) / union if union else 1.0


@lru_cache(maxsize=FEATURE_CACHE_SIZE)
def features(text: str) -> Mapping[str, float]:
    """Return the weighted features of `text`; shared through a cache, so never change it.

    Stemmed words (weight 2, stop words .3), character 3- and 4-grams inside words (.35) and pairs
    of neighbouring words (.6), each times 1 + log(count). Without IDF: that belongs to an `Index`.
    """
    tokens = words(text)
    stems = [stem(token) for token in tokens]
    weighed: dict[str, float] = {}
    for token, count in Counter(tokens).items():
        weight = STOPWORD_WEIGHT if token in STOPWORDS else WORD_WEIGHT
        weighed[f"w {stem(token)}"] = weight * (1 + math.log(count))
    for run, count in Counter(_runs_inside(tokens)).items():
        weighed[f"c {run}"] = CHARACTER_WEIGHT * (1 + math.log(count))
    for (left, right), count in Counter(pairwise(stems)).items():
        weighed[f"p {left} {right}"] = PAIR_WEIGHT * (1 + math.log(count))
    return weighed


def _runs_inside(tokens: Sequence[str]) -> Iterator[str]:
    """Yield the character runs inside each content word, with the word's borders marked."""
    for token in tokens:
        if token in STOPWORDS:
            continue
        marked = f"^{token}$"
        for size in CHARACTER_SIZES:
            for start in range(len(marked) - size + 1):
                yield marked[start : start + size]


def cosine(a: str, b: str) -> float:
    """Return the cosine of the features of two texts, 0..1, without IDF.

    0 where one of the texts has no words.
    """
    left, right = features(a), features(b)
    small, large = (left, right) if len(left) <= len(right) else (right, left)
    norms = _norm(left) * _norm(right)
    dot = sum(weight * large[name] for name, weight in small.items() if name in large)
    return min(dot / norms, 1.0) if norms else 0.0


def _norm(vector: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in vector.values()))


class Index:
    """The texts of one collection, to be asked which of them are most like a query.

    Cosine over `features` times log((1 + texts) / (1 + texts with the feature)) + 1; a feature that
    no text has counts in the query's length as the rarest. Immutable: copies are the same object,
    and a pickle holds the texts only.
    """

    __slots__ = ("_asked", "_idf", "_postings", "_rarest", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        counts: Counter[str] = Counter()
        for text in self.texts:
            counts.update(features(text).keys())
        total = 1 + len(self.texts)
        self._idf = {name: math.log(total / (1 + count)) + 1 for name, count in counts.items()}
        self._rarest = math.log(total) + 1
        self._asked = False
        self._postings: dict[str, list[tuple[int, float]]] | None = None

    def similarities(self, query: str) -> list[float]:
        """Return the similarity (0..1) of every text to `query`, in the order of the texts."""
        idf, rarest = self._idf, self._rarest
        weighed = {name: w * idf.get(name, rarest) for name, w in features(query).items()}
        norm = _norm(weighed)
        if not norm:
            return [0.0] * len(self.texts)
        scores = self._by_postings(weighed) if self._asked else self._one_by_one(weighed)
        self._asked = True
        return [min(score / norm, 1.0) for score in scores]

    def _one_by_one(self, query: Mapping[str, float]) -> list[float]:
        # The demos of one prompt are asked once, and postings cost more than a single answer.
        idf = self._idf
        scores = []
        for text in self.texts:
            vector = features(text)
            length = math.sqrt(sum((weight * idf[name]) ** 2 for name, weight in vector.items()))
            # In the query's order, as a set's order, and with it the sum, differs by process.
            dot = sum(
                weight * vector[name] * idf[name]
                for name, weight in query.items()
                if name in vector
            )
            scores.append(dot / length if length else 0.0)
        return scores

    def _by_postings(self, query: Mapping[str, float]) -> list[float]:
        if self._postings is None:
            self._postings = self._posted()
        scores = [0.0] * len(self.texts)
        for name, weight in query.items():
            for position, share in self._postings.get(name, ()):
                scores[position] += weight * share
        return scores

    def _posted(self) -> dict[str, list[tuple[int, float]]]:
        postings: dict[str, list[tuple[int, float]]] = {name: [] for name in self._idf}
        for position, text in enumerate(self.texts):
            vector = {name: weight * self._idf[name] for name, weight in features(text).items()}
            norm = _norm(vector)
            for name, weight in vector.items():
                postings[name].append((position, weight / norm))
        return postings

    def nearest(self, query: str, k: int) -> list[tuple[int, float]]:
        """Return up to `k` (position, similarity 0..1) pairs, the most similar first.

        Equal similarities come in the order of the texts.
        """
        scores = self.similarities(query)
        order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        return [(position, scores[position]) for position in order[:k]]

    def __len__(self) -> int:
        return len(self.texts)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Index], tuple[tuple[str, ...]]]:
        return (type(self), (self.texts,))
