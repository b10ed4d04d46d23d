"""Who may change the label that an input has: two authenticated users, or a reviewer."""

from __future__ import annotations

import pytest

from unit.datasets.helpers import Diary
from unit.datasets.test_folding import folded, reasons, told


@pytest.fixture
def learned(diary: Diary) -> Diary:
    """A diary in which ann gave `hello` the label b, and the question was asked again since."""
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b", "ann")
    diary.predicts("t2", "hello", "b")
    return diary


def test_one_user_alone_changes_no_label_that_is_there_already(learned: Diary) -> None:
    learned.corrects("t2", "c", "bob")

    found = folded(learned)

    assert told(found) == [("hello", "b", "proposed")]
    ((check, reason, trace),) = reasons(found)
    assert (check, trace) == ("rater_trust", "t2")
    assert reason == "one user alone would change the label that this input has: b"
    assert "second authenticated user or a reviewer" in found.findings[0].problem.remedy


def test_a_second_authenticated_user_changes_it(learned: Diary) -> None:
    learned.corrects("t2", "c", "bob")
    learned.corrects("t2", "c", "cem")

    found = folded(learned)

    assert told(found) == [("hello", "c", "confirmed")]
    assert found.findings == ()


@pytest.mark.parametrize("user", ["cem", "bob", None])
def test_nobody_unauthenticated_is_the_second_user(learned: Diary, user: str | None) -> None:
    learned.corrects("t2", "c", "bob")
    learned.corrects("t2", "c", user, sure=False)

    found = folded(learned)

    assert told(found) == [("hello", "b", "proposed")]
    assert [check for check, _, _ in reasons(found)] == ["rater_trust"] * 2


def test_a_reviewer_changes_it_alone(learned: Diary) -> None:
    learned.says("t2", None, "rita", corrected_output={"intent": "c"}, review=True)

    assert told(folded(learned)) == [("hello", "c", "confirmed")]


def test_users_may_change_their_own_word(learned: Diary) -> None:
    learned.corrects("t2", "c", "ann")

    found = folded(learned)

    assert (told(found), found.findings) == ([("hello", "c", "proposed")], ())


def test_who_says_it_again_was_there_first_all_the_same(learned: Diary) -> None:
    learned.corrects("t2", "c", "bob")
    learned.corrects("t1", "b", "ann", comment="really")
    learned.predicts("t3", "hello", "b")
    learned.says("t3", "thumbs_up", "ann")

    found = folded(learned)

    assert told(found) == [("hello", "b", "proposed")]
    assert [(check, trace) for check, _, trace in reasons(found)] == [("rater_trust", "t2")]


def test_who_was_asked_before_contradicts_and_nobody_counts(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.predicts("t2", "hello", "a")
    diary.corrects("t1", "b", "ann")
    diary.corrects("t2", "c", "bob")

    found = folded(diary)

    assert found.rows == ()
    assert [check for check, _, _ in reasons(found)] == ["label_conflicts"] * 2


def test_two_users_against_two_are_all_quarantined(learned: Diary) -> None:
    learned.corrects("t1", "b", "abe")
    for user in ("bob", "cem"):
        learned.corrects("t2", "c", user)

    found = folded(learned)

    assert found.rows == ()
    assert [check for check, _, _ in reasons(found)] == ["label_conflicts"] * 4


def test_words_against_gold_and_confirmed_labels_are_noted_and_change_nothing(
    learned: Diary,
) -> None:
    learned.corrects("t1", "b", "abe")
    learned.corrects("t2", "c", "bob")
    learned.predicts("t3", "bye", "a")
    learned.corrects("t3", "b", "bob")

    found = folded(learned, ("bye", "a"))

    assert told(found) == [("bye", "a", "gold"), ("hello", "b", "confirmed")]
    assert found.findings == ()
    assert [(note.check, note.problem.value, note.trace_id) for note in found.notes] == [
        ("label_conflicts", "b", "t3"),
        ("label_conflicts", "c", "t2"),
    ]
    assert "the gold one: a" in found.notes[0].problem.reason
    assert "the confirmed one: b" in found.notes[1].problem.reason
