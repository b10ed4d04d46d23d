"""How much of what is new one user may give."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core.datasets import Fold, fold
from dspyui_core.spec import FeedbackSpec
from unit.datasets.helpers import Diary
from unit.datasets.test_folding import INTENTS, gold_of

LOUD = {"max_user_share": 0.25, "free_rows": 0, "max_class_rows": 1_000}


def folded(
    diary: Diary, *, severity: str = "quarantine", upto: int = 10**6, **feedback: Any
) -> Fold:
    """The diary folded under these keys of `feedback` and this severity of rater_trust."""
    gold = gold_of()
    checks = gold.spec.dataset.checks
    trust = checks.rater_trust.model_copy(update={"severity": severity})
    dataset = gold.spec.dataset.model_copy(
        update={"checks": checks.model_copy(update={"rater_trust": trust})}
    )
    spec = gold.spec.model_copy(
        update={"feedback": FeedbackSpec(**{**LOUD, **feedback}), "dataset": dataset}
    )
    return fold(replace(gold, spec=spec), diary.entries, upto=upto)


def speaks(diary: Diary, user: str | None, times: int, intent: str = "b", **options: Any) -> None:
    """Corrections of so many inputs of which nobody else speaks."""
    for _ in range(times):
        trace = f"t{len(diary.entries)}"
        diary.predicts(trace, f"text of {trace}", "a")
        diary.corrects(trace, intent, user, **options)


def rows_of(found: Fold) -> Counter[str | None]:
    return Counter(row.user_id for row in found.rows)


def test_one_of_several_users_gives_their_share_and_the_earliest_rows_stay(diary: Diary) -> None:
    speaks(diary, "loud", 90)
    for user in ("ann", "bob", "cem", "dan", "eve"):
        speaks(diary, user, 2)

    found = folded(diary)

    assert rows_of(found)["loud"] == 25
    assert max(row.position or 0 for row in found.rows if row.user_id == "loud") == 50
    assert sum(n for user, n in rows_of(found).items() if user != "loud") == 10
    assert {(f.check, f.source) for f in found.findings} == {("rater_trust", "feedback")}
    problem = found.findings[0].problem
    assert problem.reason == "is more than the 25 of 100 new rows that one user may give"
    assert "feedback.max_user_share" in problem.remedy
    assert len(found.findings) == 65


@pytest.mark.parametrize("team", [1, 2, 3, 5])
def test_no_team_is_too_small_while_all_of_it_speaks(diary: Diary, team: int) -> None:
    for number in range(40):
        speaks(diary, f"user-{number % team}", 1)

    found = folded(diary)

    assert (len(found.rows), found.findings) == (40, ())


def test_everybody_may_give_the_free_rows(diary: Diary) -> None:
    speaks(diary, "loud", 20)
    for user in ("ann", "bob", "cem", "dan"):
        speaks(diary, user, 1)

    assert rows_of(folded(diary, free_rows=20))["loud"] == 20
    assert rows_of(folded(diary, free_rows=7))["loud"] == 7


def test_all_who_are_not_authenticated_are_one_user(diary: Diary) -> None:
    for number in range(90):
        speaks(diary, None if number % 2 else f"claimed-{number}", 1, sure=False)
    for user in ("ann", "bob", "cem", "dan", "eve"):
        speaks(diary, user, 2)

    found = folded(diary)

    assert len(found.rows) == 25 + 10


def test_an_agreeing_voice_that_is_not_authenticated_does_not_get_round_the_cap(
    diary: Diary,
) -> None:
    for number in range(90):
        diary.predicts(f"x{number}", f"text of x{number}", "a")
        diary.corrects(f"x{number}", "b", "loud")
        diary.corrects(f"x{number}", "b", "loud", sure=False)
    for user in ("ann", "bob", "cem", "dan", "eve"):
        speaks(diary, user, 2)

    assert len(folded(diary, window=1_000).rows) == 25 + 10


def test_one_user_gives_so_many_rows_of_one_label(diary: Diary) -> None:
    for user in ("loud", "ann", "bob", "cem"):
        for intent in INTENTS:
            speaks(diary, user, 10 if (user, intent) == ("loud", "b") else 2, intent)

    found = folded(diary, max_class_rows=3)

    given_by_loud = Counter(row.labels["intent"] for row in found.rows if row.user_id == "loud")
    assert given_by_loud == {"a": 2, "b": 4, "c": 2}
    reasons = {finding.problem.reason for finding in found.findings}
    assert reasons == {"is more than the 4 new rows of this label that one user may give"}


def test_rows_that_a_second_user_confirms_are_under_no_cap(diary: Diary) -> None:
    speaks(diary, "loud", 40)
    for user in ("ann", "bob", "cem", "dan", "eve"):
        speaks(diary, user, 1)
    for entry in list(diary.entries[:80:2]):
        diary.corrects(entry.trace_id, "b", "ann")

    found = folded(diary)

    assert (len(found.rows), found.findings) == (45, ())


def test_a_cap_that_only_warns_or_is_off_keeps_every_row(diary: Diary) -> None:
    speaks(diary, "loud", 90)
    for user in ("ann", "bob", "cem", "dan", "eve"):
        speaks(diary, user, 2)

    warned, off = (folded(diary, severity=severity) for severity in ("warn", "off"))

    assert (len(warned.rows), len(off.rows)) == (100, 100)
    assert (len(warned.notes), warned.findings) == (65, ())
    assert (off.notes, off.findings) == ((), ())
    positions = [row.position or 0 for row in warned.rows]
    assert positions == sorted(positions)


def test_what_an_earlier_window_came_to_stays_as_it_is(diary: Diary) -> None:
    speaks(diary, "ann", 30)
    before = len(diary.entries)
    for user in ("bob", "cem", "dan", "eve", "fay"):
        speaks(diary, user, 5)

    first, later = folded(diary, window=30, upto=before), folded(diary, window=30)

    assert len(first.rows) == 30
    assert {row.row_id for row in first.rows} <= {row.row_id for row in later.rows}


SPOKEN = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(INTENTS),
        st.sampled_from(["ann", "bob", "cem", None]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(spoken=SPOKEN, seed=st.integers(0, 9))
def test_the_fold_does_not_depend_on_the_order_in_which_entries_are_given(
    spoken: list[Any], seed: int
) -> None:
    diary = Diary()
    for number in range(10):
        diary.predicts(f"t{number}", f"text {number % 6}", "a")
    for number, intent, user, sure, again in spoken:
        trace = f"t{number}"
        if again:
            trace = f"t{len(diary.entries)}"
            diary.predicts(trace, f"text {number % 6}", intent)
        diary.corrects(trace, intent, user, sure=sure)
    small = {"window": 7, "free_rows": 1, "max_class_rows": 2}

    found = folded(diary, **small)
    random.Random(seed).shuffle(diary.entries)
    again = folded(diary, **small)

    assert found == again
    assert found.version == again.version
    waiting = {(finding.trace_id, finding.problem.value) for finding in found.findings}
    assert not waiting & {(row.trace_id, row.labels["intent"]) for row in found.rows}
