"""The section `watch` of a spec: when a new champion is taken back by what its users say."""

from __future__ import annotations

from pydantic import Field as Slot

from dspyui_core.spec.base import Section


class WatchSpec(Section):
    """When a new champion is shown to harm, and gives way to the one before; shares are 0..1."""

    enabled: bool = Slot(True, description="false: a new champion is never taken back by itself.")
    error: float = Slot(
        0.01, gt=0, lt=0.5, description="Chance that a champion which is no worse is taken back."
    )
    margin: float = Slot(
        0.0, ge=0, lt=1, description="Share of good ratings that it may lose and still stay."
    )
    minimum: int = Slot(10, ge=1, description="Its ratings below which they take nothing back.")
    horizon: int = Slot(1_000, ge=1, description="Its ratings after which it is watched no longer.")
    earlier: int = Slot(
        300, ge=1, description="Newest ratings of the champion before that it is compared with."
    )
    holdback: float = Slot(
        0.0,
        ge=0,
        le=0.5,
        description="Share of users whom the champion before still answers while it is watched.",
    )
    max_failures: float = Slot(
        0.02, ge=0, lt=1, description="How much larger its share of failed answers may be."
    )
    max_latency: float | None = Slot(
        None, gt=0, description="How many times the median time of the one before it may take."
    )
