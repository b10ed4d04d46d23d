"""The desk at which pieces of a Prefect server are compared, changed and noted down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

T = TypeVar("T")
Deed = Literal["created", "updated", "unchanged", "removed"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Notes what is done to a server through its `client`; a dry run notes and does nothing."""

    client: SyncPrefectClient
    dry_run: bool = False
    done: dict[Deed, list[str]] = field(default_factory=lambda: defaultdict(list))

    def do(self, deed: Deed, piece: str, change: Callable[[], T]) -> T | None:
        """Note a change and make it; None in a dry run."""
        self.done[deed].append(piece)
        return None if self.dry_run else change()

    def leave(self, piece: str) -> None:
        """Note that a piece is as it should be."""
        self.done["unchanged"].append(piece)

    def told(self) -> dict[Deed, tuple[str, ...]]:
        """What was noted, by deed, in order."""
        return {deed: tuple(pieces) for deed, pieces in self.done.items()}
