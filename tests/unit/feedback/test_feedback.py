"""Feedback: what is acceptable is durable, what is not leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from dspyui_core.errors import ConflictError, FeedbackError, TraceNotFoundError
from dspyui_core.feedback import FeedbackService
from dspyui_core.store.journal import Journal


def test_feedback_is_recorded_on_its_trace_with_who_said_it(
    service: FeedbackService, journal: Journal
) -> None:
    entry = service.record_feedback(
        "tr-1", "thumbs_down", {"topic": "delivery"}, "wrong", "ann", authenticated=True
    )

    assert list(journal.since(0, kind="feedback")) == [entry]
    assert (entry.program, entry.trace_id, entry.user_id) == ("tiny", "tr-1", "ann")
    assert entry.authenticated
    assert entry.payload == {
        "rating": "thumbs_down",
        "corrected_output": {"topic": "delivery"},
        "comment": "wrong",
    }


def test_a_correction_is_typed_and_names_only_what_was_wrong(service: FeedbackService) -> None:
    entry = service.record_feedback("tr-1", "thumbs_down", {"level": "3", "note": None})

    assert entry.payload["corrected_output"] == {"level": 3, "note": None}


def test_feedback_is_not_authenticated_unless_the_caller_says_so(service: FeedbackService) -> None:
    assert not service.record_feedback("tr-1", "thumbs_up", user_id="ann").authenticated


@pytest.mark.parametrize("rating", ["thumbs-up", "up", "", "THUMBS_UP", "5"])
def test_a_rating_outside_the_two_is_refused(rating: str, service: FeedbackService) -> None:
    with pytest.raises(FeedbackError, match="use thumbs_up or thumbs_down"):
        service.record_feedback("tr-1", rating)


def test_an_unknown_trace_is_refused(service: FeedbackService) -> None:
    with pytest.raises(TraceNotFoundError, match="no trace 'tr-9'"):
        service.record_feedback("tr-9", "thumbs_up")


def test_the_id_of_feedback_is_no_trace(service: FeedbackService) -> None:
    service.record_feedback("tr-1", "thumbs_up", idempotency_key="tr-9")

    assert service.validate_trace_exists("tr-1")
    assert not service.validate_trace_exists("tr-9")


def test_every_problem_of_a_correction_is_told_at_once(
    service: FeedbackService, journal: Journal
) -> None:
    wrong: dict[str, Any] = {"topic": "refund", "level": "high", "tpoic": "billing"}

    with pytest.raises(FeedbackError) as caught:
        service.record_feedback("tr-1", "sideways", wrong, "x" * 10_001)

    found = {problem.column: str(problem) for problem in caught.value.problems}
    assert set(found) == {"rating", "comment", "topic", "level", "tpoic"}
    assert "use one of: billing, delivery" in found["topic"]
    assert "outputs: topic, level, note" in found["tpoic"]
    assert journal.count(kind="feedback") == 0


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_correction_to_nothing_is_refused_where_a_value_is_needed(
    blank: Any, service: FeedbackService
) -> None:
    with pytest.raises(FeedbackError, match="topic: is blank"):
        service.record_feedback("tr-1", "thumbs_down", {"topic": blank})


def test_a_repeated_key_returns_the_first_entry(service: FeedbackService, journal: Journal) -> None:
    first = service.record_feedback("tr-1", "thumbs_up", user_id="ann", idempotency_key="k")

    again = service.record_feedback("tr-1", "thumbs_up", user_id="ann", idempotency_key="k")

    assert again == first
    assert journal.count(kind="feedback") == 1


def test_a_key_is_not_used_for_two_opinions(service: FeedbackService) -> None:
    service.record_feedback("tr-1", "thumbs_up", idempotency_key="k")

    with pytest.raises(ConflictError):
        service.record_feedback("tr-1", "thumbs_down", idempotency_key="k")


def test_without_a_key_a_second_opinion_is_a_new_entry(
    service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")

    assert journal.count(kind="feedback") == 2


def test_an_answer_is_looked_up_only_for_a_correction(
    service: FeedbackService, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    found = Journal.find_prediction
    monkeypatch.setattr(
        Journal, "find_prediction", lambda self, trace: asked.append(trace) or found(self, trace)
    )

    service.record_feedback("tr-1", "thumbs_up", comment="good")
    assert asked == []
    service.record_feedback("tr-1", "thumbs_down", {"level": 2})
    assert asked == ["tr-1"]


def test_a_correction_needs_no_rating(service: FeedbackService) -> None:
    entry = service.record_feedback("tr-1", None, {"topic": "delivery"})

    assert entry.payload == {
        "rating": None,
        "corrected_output": {"topic": "delivery"},
        "comment": None,
    }


@pytest.mark.parametrize("corrected", [None, {}])
def test_a_comment_alone_says_nothing_that_counts(
    corrected: Any, service: FeedbackService, journal: Journal
) -> None:
    with pytest.raises(FeedbackError, match="rating: is missing, and no output is corrected"):
        service.record_feedback("tr-1", None, corrected, "hm")

    assert journal.count(kind="feedback") == 0


@pytest.mark.parametrize("odd", ["half \ud800", "nul \0"])
def test_text_that_no_file_takes_is_refused(odd: str, service: FeedbackService) -> None:
    with pytest.raises(FeedbackError) as caught:
        service.record_feedback("tr-1", "thumbs_down", {"note": odd}, odd)

    assert [problem.column for problem in caught.value.problems] == ["comment", "note"]


def test_nobody_without_a_name_is_authenticated(service: FeedbackService) -> None:
    assert not service.record_feedback("tr-1", "thumbs_up", authenticated=True).authenticated


def test_what_is_taken_back_stays_recorded_and_counts_no_more(
    service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann", authenticated=True)

    entry = service.retract_feedback("tr-1", "ann", authenticated=True)

    assert (entry.payload, entry.voter) == ({"retracted": True}, ("ann", True))
    assert journal.count(kind="feedback") == 2


@pytest.mark.parametrize(
    ("user", "authenticated"), [("bob", False), ("ann", True), (None, False), (None, True)]
)
def test_nobody_takes_back_what_another_said(
    user: str | None, authenticated: bool, service: FeedbackService
) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")

    with pytest.raises(FeedbackError, match="tr-1 has no feedback of"):
        service.retract_feedback("tr-1", user, authenticated=authenticated)
    with pytest.raises(FeedbackError, match="tr-1 has no feedback of"):
        service.check_retraction("tr-1", user, authenticated=authenticated)


def test_taking_back_twice_is_taking_back_once(service: FeedbackService) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")

    assert service.retract_feedback("tr-1", "ann") == service.retract_feedback("tr-1", "ann")


def test_a_repeated_key_takes_back_nothing_that_was_said_since(
    service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")
    first = service.retract_feedback("tr-1", "ann", idempotency_key="k")
    service.record_feedback("tr-1", "thumbs_down", user_id="ann")

    assert service.retract_feedback("tr-1", "ann", idempotency_key="k") == first
    assert journal.count(kind="feedback") == 3


def test_feedback_on_an_unknown_trace_cannot_be_taken_back(service: FeedbackService) -> None:
    with pytest.raises(TraceNotFoundError):
        service.retract_feedback("tr-9", "ann")


def test_a_plain_rating_does_not_ask_for_the_version(journal: Journal) -> None:
    def unavailable(prediction: object) -> Any:
        raise AssertionError("the registry is not needed for a rating")

    FeedbackService(journal, output_fields=unavailable).record_feedback("tr-1", "thumbs_up")

    assert journal.count(kind="feedback") == 1
