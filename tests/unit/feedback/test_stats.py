"""Statistics of feedback: the latest word of each user counts, by program and version."""

from __future__ import annotations

import pytest

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.feedback import FeedbackService, FeedbackStats, ProgramStats, feedback_stats
from dspyui_core.store.journal import Journal

Counts = tuple[int, int, int, int, int, int, int]


def counts(of: FeedbackStats) -> Counts:
    return of.predictions, of.rated, of.up, of.down, of.corrected, of.retracted, of.users


def tiny(journal: Journal) -> ProgramStats:
    (found,) = feedback_stats(journal, "tiny")
    return found


def test_nothing_said_is_nothing_counted(journal: Journal) -> None:
    found = tiny(journal)

    assert counts(found) == (2, 0, 0, 0, 0, 0, 0)
    assert (found.share, found.position, found.at) == (0.0, 0, None)


def test_the_latest_word_of_each_user_counts(service: FeedbackService, journal: Journal) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")
    service.record_feedback("tr-1", "thumbs_down", {"level": 2}, user_id="ann")
    service.record_feedback("tr-1", "thumbs_up", user_id="ann", authenticated=True)
    service.record_feedback("tr-1", "thumbs_up")
    last = service.record_feedback("tr-1", "thumbs_down")

    found = tiny(journal)

    assert counts(found) == (2, 1, 1, 2, 1, 0, 1)
    assert (found.share, found.position, found.at) == (0.5, last.position, last.at)


def test_what_was_taken_back_is_counted_apart(service: FeedbackService, journal: Journal) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann")
    service.record_feedback("tr-2", "thumbs_up", user_id="ben")
    service.retract_feedback("tr-1", "ann")

    assert counts(tiny(journal)) == (2, 1, 1, 0, 0, 1, 1)


def test_a_correction_without_a_rating_is_a_word(
    service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("tr-1", None, {"note": None}, user_id="ann")

    assert counts(tiny(journal)) == (2, 1, 0, 0, 1, 0, 1)


def test_each_version_is_counted_and_users_of_several_once(journal: Journal) -> None:
    for version in (10, 9):
        trace = f"v-{version}"
        journal.append_prediction("tiny", trace, {"inputs": {}, "outputs": {}}, version=version)
        payload = {"rating": "thumbs_up", "corrected_output": None, "comment": None}
        journal.append_feedback(trace, payload, user_id="ann", authenticated=False, idem_key=trace)

    found = tiny(journal)

    assert counts(found) == (4, 2, 2, 0, 0, 0, 1)
    assert [(one.version, *counts(one)) for one in found.versions] == [
        (None, 2, 0, 0, 0, 0, 0, 0),
        (9, 1, 1, 1, 0, 0, 0, 1),
        (10, 1, 1, 1, 0, 0, 0, 1),
    ]


def test_every_program_is_listed_and_an_unknown_one_is_an_error(journal: Journal) -> None:
    assert [one.program for one in feedback_stats(journal)] == ["rater", "single", "tiny"]
    with pytest.raises(ModelNotFoundError, match="nobody"):
        feedback_stats(journal, "nobody")
