"""A reviewer's word in the fold: confirmed by itself, and more than what users agree on."""

from __future__ import annotations

from unit.datasets.helpers import Diary
from unit.datasets.test_folding import folded, reasons, told


def reviews(diary: Diary, trace: str, intent: str, user: str = "rita", **options: bool) -> int:
    return diary.says(
        trace, None, user, corrected_output={"intent": intent}, review=True, **options
    )


def test_a_reviewer_alone_confirms_a_row(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    position = reviews(diary, "t1", "b")

    (row,) = folded(diary).rows

    assert (row.labels, row.trust, row.position) == ({"intent": "b"}, "confirmed", position)


def test_a_reviewer_settles_what_users_disagree_about(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b", "ann")
    diary.corrects("t1", "c", "ben")
    assert [reason for _, reason, _ in reasons(folded(diary))] == [
        "users give this input different labels: b, c"
    ] * 2

    reviews(diary, "t1", "c")

    assert told(folded(diary)) == [("hello", "c", "confirmed")]
    assert not folded(diary).findings


def test_a_reviewer_outranks_two_users_who_agree(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b", "ann")
    diary.corrects("t1", "b", "ben")
    assert told(folded(diary)) == [("hello", "b", "confirmed")]

    reviews(diary, "t1", "a")

    assert told(folded(diary)) == [("hello", "a", "confirmed")]


def test_two_reviewers_who_contradict_each_other_are_quarantined(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    reviews(diary, "t1", "b")
    reviews(diary, "t1", "c", "sara")

    assert told(folded(diary)) == []
    assert len(folded(diary).findings) == 2


def test_the_mark_of_a_reviewer_counts_only_where_the_reviewer_is_known(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    reviews(diary, "t1", "b", sure=False)

    assert told(folded(diary)) == [("hello", "b", "proposed")]


def test_gold_outranks_a_reviewer(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    reviews(diary, "t1", "b")

    assert told(folded(diary, ("hello", "c"))) == [("hello", "c", "gold")]


def test_before_its_position_a_review_is_not_heard(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    position = reviews(diary, "t1", "b")

    assert told(folded(diary, upto=position - 1)) == []
