"""The section `feedback` of a spec: when it is enough, and how much of it may be one user's."""

from __future__ import annotations

from pydantic import Field as Slot

from dspyui_core.spec.base import Section


class FeedbackSpec(Section):
    """When feedback is enough for a new turn, and how much of it may be one user's.

    Who is not authenticated is no user of their own: all of them together are one.
    """

    minimum: int = Slot(20, ge=1, description="Usable new rows before a turn compiles again.")
    window: int = Slot(
        200, ge=1, description="Pieces of feedback that are new together, for the caps below."
    )
    max_user_share: float = Slot(
        0.25,
        gt=0,
        le=1,
        description="Share of a window's rows that one user may give; never under an equal share.",
    )
    max_class_rows: int = Slot(
        25,
        ge=1,
        description="Rows of one label that one user may give in a window, or an equal share.",
    )
    free_rows: int = Slot(
        20, ge=0, description="Rows in a window that any user may give, whatever their share."
    )
    audit_share: float = Slot(
        0.02, ge=0, le=1, description="Share of served inputs that an audit sample draws."
    )
