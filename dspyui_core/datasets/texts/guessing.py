"""Guesses at labels: what a classifier that learned from the other texts makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FOLDS: Final = 5
_SOME, _MANY = 1_000, 3_000
_FEATURES: Final = 20_000
# No probability is exactly 0: a class that a fold did not see is unlikely, not impossible.
_LEAST: Final = 1e-9
# With few rows per class the models are sure of nothing; a weaker guess is no reason to doubt.
_SURE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Guess:
    """A text whose label is likely another: its place, that label, and how likely its own is."""

    place: int
    label: str
    score: float


def guesses(texts: Sequence[str], labels: Sequence[str], *, seed: int) -> tuple[Guess, ...]:
    """The texts whose given label is likely wrong, the least likely label first.

    TF-IDF with logistic regression, each text judged by a model that did not see it; cleanlab
    says which disagreements are errors (confident learning, Northcutt et al. 2021; its filter
    `both`). The same texts in the same order give the same guesses.
    """
    import numpy as np
    from cleanlab.filter import find_label_issues

    names = sorted({*labels})
    given = np.array([names.index(label) for label in labels])
    likely = _cross_fitted(texts, given, len(names), seed)
    places = find_label_issues(
        given,
        likely,
        return_indices_ranked_by="self_confidence",
        filter_by="both",
        n_jobs=1,
    )
    best = likely.argmax(axis=1)
    return tuple(
        Guess(int(place), names[best[place]], float(likely[place, given[place]]))
        for place in places
        if likely[place, best[place]] >= _SURE
    )


def _cross_fitted(
    texts: Sequence[str], given: NDArray[np.int64], classes: int, seed: int
) -> NDArray[np.float64]:
    """How likely each class is for each text, by models that learned without that text."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        sublinear_tf=True,
        ngram_range=(1, 2),
        token_pattern=r"(?u)\w+",
        # Of many texts, what only one says is of no use and most of the cost.
        min_df=2 if len(texts) > _SOME else 1,
        max_features=_FEATURES,
    )
    features = words.fit_transform(texts)
    folds = 3 if len(texts) > _MANY else _FOLDS
    fold = _dealt(given, folds)
    likely = np.zeros((len(texts), classes))
    for number in range(folds):
        learned, held = fold != number, fold == number
        model = _model(seed).fit(features[learned], given[learned])
        likely[np.ix_(held, model.classes_)] = model.predict_proba(features[held])
    likely = np.clip(likely, _LEAST, None)
    shares: NDArray[np.float64] = likely / likely.sum(axis=1, keepdims=True)
    return shares


def _model(seed: int) -> Any:
    """One logistic regression per class: a quarter of the time of one for all, and no worse."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    one = LogisticRegression(solver="liblinear", C=10, tol=1e-2, random_state=seed)
    return OneVsRestClassifier(one)


def _dealt(given: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """A fold for each text: the texts of one class are dealt out in turn."""
    import numpy as np

    fold = np.zeros(len(given), dtype=np.int64)
    for number in np.unique(given):
        places = np.flatnonzero(given == number)
        fold[places] = np.arange(len(places)) % folds
    return fold
