"""What a watch does about a champion: takes it back through the ledger, or ends its trial."""

from __future__ import annotations

from dspyui_core.promotion.ledger import LedgerEntry
from dspyui_core.promotion.projecting import Projection
from dspyui_core.promotion.releases import Releases
from dspyui_core.promotion.standing import named
from dspyui_core.promotion.trials import Trial
from dspyui_core.promotion.watch import Watched

__all__ = ["WATCH", "end_trial", "take_back"]

# Who signs in the ledger.
WATCH = "watch"


def take_back(releases: Releases, found: Trial, watched: Watched, *, seen: int) -> LedgerEntry:
    """Let the champion before serve again, because this one harms.

    `seen` is the newest decision that the watch knew of. Raises ConflictError where somebody
    decided since, and ModelNotFoundError where no earlier champion is left in MLflow.
    """
    change = releases.would_roll_back(found.program, None)
    gone = tuple(f"{named(version)} is deleted in MLflow" for version in change.deleted)
    entry = releases.ledger.append(
        found.program,
        predecessor=seen,
        kind="rollback",
        verdict="promote",
        version=change.version,
        reasons=(f"{named(found.champion)} harms", *watched.reasons, *gone),
        evidence={"watched": watched.model_dump(mode="json"), "taken_back": found.champion},
        actor=WATCH,
    )
    projection = Projection(releases.ledger, releases.client, releases.watermarks, releases.moved)
    return projection.show(entry)


def end_trial(releases: Releases, found: Trial, watched: Watched, *, seen: int) -> LedgerEntry:
    """Note that the champion stays: it was not shown to harm within its horizon.

    Raises ConflictError where somebody decided since `seen`.
    """
    return releases.ledger.append(
        found.program,
        predecessor=seen,
        kind="watch",
        verdict="fine",
        version=found.champion,
        reasons=watched.reasons,
        evidence={"watched": watched.model_dump(mode="json")},
        actor=WATCH,
    )
