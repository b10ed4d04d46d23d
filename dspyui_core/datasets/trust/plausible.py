"""Plausible labels: what a text classifier, fitted without a user's own words, makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

# Another label is likelier; so many others are that it is not among the likeliest quarter. Who
# errs picks what is easily confused; who means harm may pick anything.
UNLIKELY: Final = 1
FAR_OFF: Final = 2
_FOLDS: Final = 5
# Rows that any user may teach, however few are known.
_TEACHES: Final = 10
# More examples make the classifier slower and hardly better.
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """A text with the label that somebody gives it; None as party: it is known to be right.

    What is not `taught` is looked at only. The `key` is the input's, a hash.
    """

    key: str
    text: str
    label: str
    party: str | None = None
    taught: bool = True


def doubts(words: Sequence[Told]) -> list[int]:
    """For each of the words, how little it fits: 0, `UNLIKELY` or `FAR_OFF`.

    TF-IDF of words and pairs of words with complement naive Bayes (Rennie et al., 2003, "Tackling
    the poor assumptions of naive Bayes text classifiers"), cross-fitted: a user's words are judged
    by what is known and by the words of users in other folds. Known rows are not judged. A label
    that nobody else gives raises no doubt: nobody can tell.
    """
    judged = [place for place, word in enumerate(words) if word.party is not None]
    learned = _learned(words)
    found = [0] * len(words)
    if not learned or not judged:
        return found
    fold_of = _folds(words)
    texts = _Texts([word.text for word in learned])
    for fold in range(_FOLDS):
        places = [place for place in judged if fold_of[words[place].party] == fold]
        rows = [at for at, word in enumerate(learned) if fold_of.get(word.party) != fold]
        labels = [learned[at].label for at in rows]
        if places and len(set(labels)) > 1:
            asked = [words[place] for place in places]
            for place, doubt in zip(places, texts.doubts(rows, labels, asked), strict=True):
                found[place] = doubt
    return found


def _learned(words: Sequence[Told]) -> list[Told]:
    """What is known, and of each user no more than a share of that: nobody outshouts it."""
    by_key = sorted((word for word in words if word.taught), key=lambda word: word.key)
    known = [word for word in by_key if word.party is None]
    most = max(_TEACHES, len(known) // 4)
    taught: Counter[str | None] = Counter()
    learned = known
    for word in by_key:
        if word.party is not None and taught[word.party] < most:
            taught[word.party] += 1
            learned.append(word)
    return learned[:_MOST]


def _folds(words: Sequence[Told]) -> dict[str | None, int]:
    parties = sorted({word.party for word in words if word.party is not None})
    return {party: number % _FOLDS for number, party in enumerate(parties)}


class _Texts:
    """Texts as vectors, some of which a classifier is fitted to at a time."""

    def __init__(self, texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        # Words of one letter count: in some languages they are half of them.
        self._vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+"
        )
        try:
            self._vectors: Any = self._vectorizer.fit_transform(texts)
        except ValueError:
            # No text has a word in it.
            self._vectors = None

    def doubts(
        self, rows: Sequence[int], labels: Sequence[str], asked: Sequence[Told]
    ) -> list[int]:
        """How little each label fits its text, by a classifier fitted to some of the texts."""
        from sklearn.naive_bayes import ComplementNB

        if self._vectors is None:
            return [0] * len(asked)
        model = ComplementNB(alpha=0.3)
        model.fit(self._vectors[list(rows)], labels)
        place = {str(label): number for number, label in enumerate(model.classes_)}
        vectors = self._vectorizer.transform([word.text for word in asked])
        chances = model.predict_proba(vectors)
        return [
            _doubt(own, place[word.label]) if word.label in place else 0
            for own, word in zip(chances, asked, strict=True)
        ]


def _doubt(chances: Any, label: int) -> int:
    likelier = int((chances > chances[label]).sum())
    if likelier >= max(1, round(len(chances) / 4)):
        return FAR_OFF
    return UNLIKELY if likelier else 0
