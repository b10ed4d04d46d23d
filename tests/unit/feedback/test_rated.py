"""Rated answers: one verdict an answer, from the latest word of each user, the newest first."""

from __future__ import annotations

from dspyui_core.feedback import FeedbackService, rated_answers
from dspyui_core.store.journal import Journal


def verdicts(
    journal: Journal, *, limit: int = 10, upto: int | None = None
) -> list[tuple[str, bool]]:
    found = rated_answers(journal, "single", limit=limit, upto=upto)
    return [(answer.trace_id, answer.good) for answer in found.answers]


def test_most_users_decide_and_a_draw_is_disputed(
    service: FeedbackService, journal: Journal
) -> None:
    for user, rating in (("ann", "thumbs_up"), ("ben", "thumbs_down"), ("cem", "thumbs_up")):
        service.record_feedback("s-1", rating, user_id=user)
    service.record_feedback("s-2", "thumbs_up", user_id="ann")
    service.record_feedback("s-2", "thumbs_down", user_id="ben")

    found = rated_answers(journal, "single", limit=10)

    (answer,) = found.answers
    assert (answer.trace_id, answer.good, found.disputed) == ("s-1", True, 1)
    assert (answer.inputs, answer.outputs) == ({"text": "x"}, {"topic": "billing"})


def test_only_what_a_user_said_last_counts(service: FeedbackService, journal: Journal) -> None:
    service.record_feedback("s-1", "thumbs_up", user_id="ann")
    service.record_feedback("s-1", "thumbs_down", user_id="ann")
    service.record_feedback("s-2", "thumbs_up", user_id="ann")
    service.retract_feedback("s-2", user_id="ann")

    assert verdicts(journal) == [("s-1", False)]


def test_a_correction_without_a_rating_says_that_the_answer_is_bad(
    service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("s-1", None, {"topic": "delivery"}, user_id="ann")

    assert verdicts(journal) == [("s-1", False)]


def test_the_answers_rated_last_are_taken_the_newest_first(
    service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("s-1", "thumbs_up", user_id="ann")
    service.record_feedback("s-2", "thumbs_down", user_id="ann")
    assert verdicts(journal) == [("s-2", False), ("s-1", True)]

    service.record_feedback("s-1", "thumbs_up", user_id="ben")

    assert verdicts(journal, limit=1) == [("s-1", True)]


def test_what_is_said_after_a_position_is_not_heard(
    service: FeedbackService, journal: Journal
) -> None:
    first = service.record_feedback("s-1", "thumbs_up", user_id="ann")
    service.record_feedback("s-1", "thumbs_down", user_id="ann")

    assert verdicts(journal, upto=first.position) == [("s-1", True)]


def test_answers_that_failed_and_those_of_other_programs_are_left_out(
    service: FeedbackService, journal: Journal
) -> None:
    half = {"inputs": {"text": "x"}, "outputs": {"topic": "billing"}, "error": "it broke off"}
    journal.append_prediction("single", "s-3", half)
    journal.append_prediction("single", "s-4", {"inputs": {"text": "x"}, "outputs": None})
    service.record_feedback("s-3", "thumbs_down", user_id="ann")
    service.record_feedback("s-4", "thumbs_down", user_id="ann")
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")

    assert verdicts(journal) == []
