"""`drift`: labels and lengths that are unlike those of the version before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from dspyui_core.datasets.checks.protocol import Check, CheckResult, Examined
from dspyui_core.datasets.drifting import Distance, divergence, drift, largest_gap, stability
from dspyui_core.datasets.shape import Shape, shape_of
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.spec import DriftSpec

# Of the whole check finding drift where there is none, shared by all that it measures.
_CHANCE: Final = 0.01


class DriftCheck(Check):
    """Compares each output's labels (PSI, Jensen-Shannon) and each text's lengths (KS distance).

    What chance does to as many rows is no drift. `count` is fields, and without a version before
    it passes.
    """

    name = "drift"
    Options = DriftSpec

    def run(self, dataset: Assigned) -> CheckResult:
        """Pass: there is nothing to compare with."""
        return self.passed()

    def examine(self, dataset: Assigned, previous: Shape | None) -> Examined:
        """Compare the shape of the dataset with that of the version before."""
        shape = shape_of(dataset)
        if previous is None or not (previous.rows and shape.rows):
            return Examined(self.run(dataset))
        told = list(self.drifts(shape, previous, seed=dataset.fold.spec.seed))
        if not told:
            return Examined(self.passed())
        return Examined(
            CheckResult(
                name=self.name,
                severity="block" if self.severity == "block" else "warn",
                count=len(told),
                message="; ".join(told) + ": look at what is new, and whether it is meant",
            )
        )

    def drifts(self, shape: Shape, previous: Shape, *, seed: int) -> Iterator[str]:
        """What drifts, in words, a field each."""
        labels = [name for name in shape.classes if previous.classes.get(name)]
        lengths = [name for name in shape.lengths if any(previous.lengths.get(name, ()))]
        chance = _CHANCE / max(1, 2 * len(labels) + len(lengths))
        options = self._options
        measures = (
            ("PSI", stability, options.stability),
            ("Jensen-Shannon", divergence, options.divergence),
        )
        for name in labels:
            now, before = shape.classes[name], previous.classes[name]
            classes = sorted({*now, *before})
            counts = [[each.get(c, 0) for c in classes] for each in (now, before)]
            found = [t for m in measures if (t := _told(*m, counts, chance, seed))]
            if found:
                yield f"{name}: {' and '.join(found)}, {_moved(now, before)}"
        for name in lengths:
            counts = [list(shape.lengths[name]), list(previous.lengths[name])]
            found_gap = _told("KS", largest_gap, options.lengths, counts, chance, seed)
            if found_gap:
                yield f"lengths of {name}: {found_gap}"


def _told(
    word: str,
    distance: Distance,
    least: float,
    counts: Sequence[Sequence[int]],
    chance: float,
    seed: int,
) -> str:
    """`PSI 0.31 over 0.12`; empty where it is no drift, or one of the two has no rows."""
    import numpy as np

    now, before = (np.asarray(each, dtype=np.int64) for each in counts)
    if len(now) != len(before) or not (now.sum() and before.sum()):
        return ""
    found = drift(distance, now, before, least=least, chance=chance, seed=seed)
    return f"{word} {found.distance:.2f} over {found.threshold:.2f}" if found.is_drift else ""


def _moved(now: Mapping[str, int], before: Mapping[str, int]) -> str:
    """The label whose share moved most."""
    ours, theirs = sum(now.values()), sum(before.values())

    def shares(label: str) -> tuple[float, float]:
        return before.get(label, 0) / theirs, now.get(label, 0) / ours

    moved = max(sorted({*now, *before}), key=lambda label: abs(shares(label)[1] - shares(label)[0]))
    old, new = shares(moved)
    return f"most of all {moved} from {old:.0%} to {new:.0%}"
