"""Review: the one inbox for rows, samples to label, promotions to approve, rollbacks to look at."""

from __future__ import annotations

from dspyui_core.review.contents import REVIEWED, row_contents, told_problems
from dspyui_core.review.inbox import Inbox
from dspyui_core.review.items import KINDS, Kind, ReviewItem, State
from dspyui_core.review.labelled import LabelledSample, checked_labels, labelled_samples
from dspyui_core.review.sampling import Drawing, draw, open_samples, place_in_line
from dspyui_core.review.sheets import Filled, read_sheet, sheet_lines
from dspyui_core.review.waiting import await_approval, follow

__all__ = [
    "KINDS",
    "REVIEWED",
    "Drawing",
    "Filled",
    "Inbox",
    "Kind",
    "LabelledSample",
    "ReviewItem",
    "State",
    "await_approval",
    "checked_labels",
    "draw",
    "follow",
    "labelled_samples",
    "open_samples",
    "place_in_line",
    "read_sheet",
    "row_contents",
    "sheet_lines",
    "told_problems",
]
