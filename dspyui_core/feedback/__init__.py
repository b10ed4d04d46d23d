"""Feedback: what users say of recorded answers, piece by piece or from a file, and what it is."""

from __future__ import annotations

from dspyui_core.feedback.checking import LONGEST_COMMENT, RATINGS, Rating, fields_of
from dspyui_core.feedback.imported import Imported
from dspyui_core.feedback.rated import Rated, RatedAnswer, rated_answers, says_good
from dspyui_core.feedback.service import Checked, FeedbackService
from dspyui_core.feedback.stats import FeedbackStats, ProgramStats, feedback_stats

__all__ = [
    "LONGEST_COMMENT",
    "RATINGS",
    "Checked",
    "FeedbackService",
    "FeedbackStats",
    "Imported",
    "ProgramStats",
    "Rated",
    "RatedAnswer",
    "Rating",
    "feedback_stats",
    "fields_of",
    "rated_answers",
    "says_good",
]
