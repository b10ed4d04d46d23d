"""The limits of a row: how long its texts may be, and whether damaged ones pass."""

from __future__ import annotations

from pydantic import Field as Slot

from dspyui_core.spec.base import Section


class RowLimits(Section):
    """What the row contract asks of a row beyond its types."""

    max_characters: int = Slot(
        20_000, ge=1, description="Most characters of one cell; rows with more are quarantined."
    )
    max_tokens: int | None = Slot(
        None,
        ge=1,
        description="Most tokens of a row's inputs, estimated as UTF-8 bytes / 4; blank: no limit.",
    )
    refuse_damaged: bool = Slot(
        True,
        description="Whether rows with damaged text are quarantined: wrong encodings, control "
        "characters.",
    )
