"""Caps: how much of what is new one user may give before somebody else has to agree."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.voting.electing import Elected
from dspyui_core.datasets.voting.votes import Vote
from dspyui_core.errors import Problem
from dspyui_core.spec import FeedbackSpec, canonical_json


@dataclass(frozen=True, slots=True)
class Capped:
    """The rows under their users' caps, those over, and a finding for each of these."""

    rows: tuple[Elected, ...]
    over: tuple[Elected, ...]
    findings: tuple[Finding, ...]


def capped(rows: Sequence[Elected], votes: Iterable[Vote], spec: FeedbackSpec) -> Capped:
    """Keep of each user's rows in a window the earliest, as many as the caps allow.

    A window is `spec.window` pieces of the program's feedback, by number, so that no later one
    changes what an earlier one came to. A cap is never under an equal share of a window's rows:
    that of a user who speaks alone is all of them. Confirmed rows need no cap.
    """
    windows: dict[int, list[Elected]] = defaultdict(list)
    for elected in rows:
        if elected.row.trust == "proposed":
            windows[_window(elected.number, spec)].append(elected)
    joined = _joined(votes, spec)
    over: dict[str, Finding] = {}
    for window, new in windows.items():
        users = sum(first <= window for first in joined.values())
        over |= _over(sorted(new, key=lambda one: one.number), users, spec)
    kept = tuple(elected for elected in rows if elected.row.key not in over)
    above = tuple(elected for elected in rows if elected.row.key in over)
    return Capped(kept, above, tuple(over[elected.row.key] for elected in above))


def _window(number: int, spec: FeedbackSpec) -> int:
    return (number - 1) // spec.window


def _joined(votes: Iterable[Vote], spec: FeedbackSpec) -> Mapping[str, int]:
    """The window in which each user spoke first."""
    joined: dict[str, int] = {}
    for vote in votes:
        window = _window(vote.number, spec)
        joined[vote.voter.party] = min(window, joined.get(vote.voter.party, window))
    return joined


def _over(new: Sequence[Elected], users: int, spec: FeedbackSpec) -> dict[str, Finding]:
    """What is over the caps among the new rows of one window, by the rows' keys."""
    share = max(spec.free_rows, math.ceil(max(spec.max_user_share, 1 / users) * len(new)))
    rows_of = Counter(canonical_json(elected.row.labels) for elected in new)
    given: Counter[str] = Counter()
    over: dict[str, Finding] = {}
    for elected in new:
        party, label = elected.party, canonical_json(elected.row.labels)
        of_label = max(spec.max_class_rows, math.ceil(rows_of[label] / users))
        labelled = f"{party} {label}"
        if given[party] >= share:
            over[elected.row.key] = _too_many(elected, share, len(new))
        elif given[labelled] >= of_label:
            over[elected.row.key] = _too_many_of_label(elected, of_label)
        else:
            given.update((party, labelled))
    return over


def _too_many(elected: Elected, cap: int, new: int) -> Finding:
    reason = f"is more than the {cap} of {new} new rows that one user may give"
    return _finding(elected, reason, "feedback.max_user_share")


def _too_many_of_label(elected: Elected, cap: int) -> Finding:
    reason = f"is more than the {cap} new rows of this label that one user may give"
    return _finding(elected, reason, "feedback.max_class_rows")


def _finding(elected: Elected, reason: str, key: str) -> Finding:
    row = elected.row
    column = next(iter(row.labels))
    remedy = f"let a second authenticated user or a reviewer confirm it, or raise {key}"
    problem = Problem(column, reason, row.labels[column], remedy)
    return Finding("rater_trust", problem, row.source, row.trace_id)
