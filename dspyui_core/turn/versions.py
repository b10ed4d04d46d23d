"""Dataset versions of a program: which there are, by what name one is asked for, what one is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dspyui_core.datasets.reports.paged import classes_of, lengths_of
from dspyui_core.datasets.versions.listing import StoredVersion, counts_of, stored_versions
from dspyui_core.errors import InputError, NotFoundError
from dspyui_core.pages import ClassesOf, LengthsOf, data_page
from dspyui_core.records import DatasetRef, Record
from dspyui_core.store.turns import TurnRow
from dspyui_core.turn.data_pages import turn_data
from dspyui_core.workspace import Workspace

__all__ = [
    "DatasetVersion",
    "VersionDetails",
    "dataset_versions",
    "find_version",
    "programs_with_data",
    "ref_of",
    "version_details",
    "version_page",
]

_SHORTEST: Final = 4
_TURNS: Final = 10_000


class DatasetVersion(Record):
    """One version: its counts of rows, and the first turn that used it.

    `turn`, `verdict` and `outcome` are empty where no turn of this home tells them; `turns` counts
    all that used it. `made_at` is when the first of them began. `forgotten` rows were taken out
    since. Feedback counts up to the journal position `feedback_upto`.
    """

    program: str
    version: str
    made_at: datetime
    turn: str
    turns: int
    verdict: str
    outcome: str
    rows: int
    train: int
    validation: int
    holdout: int
    quarantined: int
    parked: int
    feedback_rows: int
    feedback_upto: int
    forgotten: int


class VersionDetails(Record):
    """One version with its files (name to sha256), and its rows by trust, source, label, length.

    It holds counts alone: no row, of the holdout least of all.
    """

    version: DatasetVersion
    files: Mapping[str, str]
    trust: Mapping[str, int]
    sources: Mapping[str, int]
    classes: tuple[ClassesOf, ...]
    lengths: tuple[LengthsOf, ...]


def programs_with_data(ws: Workspace) -> tuple[str, ...]:
    """The programs of a home that had a turn, by name."""
    return ws.turns.programs()


def dataset_versions(ws: Workspace, program: str) -> tuple[DatasetVersion, ...]:
    """The stored versions of a program's dataset, the newest first.

    A blocked turn stored none. Raises NotFoundError for a program without any.
    """
    used = _turns_by_version(ws, program)
    found = [_version(stored, used.get(stored.ref.version, [])) for stored in _all(ws, program)]
    return tuple(sorted(found, key=lambda one: one.made_at, reverse=True))


def find_version(ws: Workspace, program: str, name: str) -> DatasetVersion:
    """A version by the beginning of its hash, or as `latest` or `previous`.

    Raises NotFoundError where none is called so, InputError where several are.
    """
    known = dataset_versions(ws, program)
    if name in ("latest", "previous"):
        place = 0 if name == "latest" else 1
        if place < len(known):
            return known[place]
        raise NotFoundError(
            name,
            message=f"{program!r} has one dataset version, and none before it",
            hint=f"list them with: dspyui dataset show --program {program}",
        )
    matching = [one for one in known if len(name) >= _SHORTEST and one.version.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    hint = f"list them with: dspyui dataset show --program {program}; give 4 characters or more"
    if matching:
        told = ", ".join(one.version[:12] for one in matching)
        raise InputError(f"{name!r} begins several versions of {program!r}: {told}", hint=hint)
    raise NotFoundError(name, message=f"{program!r} has no dataset version {name!r}", hint=hint)


def version_details(ws: Workspace, program: str, name: str) -> VersionDetails:
    """All there is to tell about a version. Raises as `find_version`, and DatasetError where its
    snapshot is damaged.
    """
    version = find_version(ws, program, name)
    stored = next(s for s in _all(ws, program) if s.ref.version == version.version)
    counts = counts_of(ws.snapshots, stored.ref)
    shape = stored.shape
    return VersionDetails(
        version=version,
        files=stored.sources,
        trust=counts.trust,
        sources=counts.sources,
        classes=() if shape is None else classes_of(shape, None),
        lengths=() if shape is None else lengths_of(shape, None),
    )


def version_page(ws: Workspace, version: DatasetVersion) -> str:
    """The data page of the first turn that used a version, as it would be logged now.

    Raises NotFoundError where no turn of this home kept what it found.
    """
    found = turn_data(ws, version.turn) if version.turn else None
    if found is None:
        raise NotFoundError(
            version.version,
            message=f"no turn kept a report on version {version.version[:12]}",
            hint="it is of before there were reports; dspyui dataset check FILE --report PAGE "
            "makes one of the file",
        )
    return data_page(found)


def ref_of(version: DatasetVersion) -> DatasetRef:
    """The version as the functions of `datasets` take it."""
    known = version.model_dump(include=set(DatasetRef.model_fields))
    return DatasetRef.model_validate(known)


def _all(ws: Workspace, program: str) -> tuple[StoredVersion, ...]:
    found = stored_versions(ws.snapshots, program)
    if not found:
        raise NotFoundError(
            program,
            message=f"no dataset version of {program!r} is stored here",
            hint="a turn stores one: dspyui run data-flywheel --program FILE",
        )
    return found


def _turns_by_version(ws: Workspace, program: str) -> dict[str, list[tuple[TurnRow, str]]]:
    """The turns that used each version with the verdict on it, the oldest first."""
    used: dict[str, list[tuple[TurnRow, str]]] = {}
    for row in reversed(ws.turns.history(program, limit=_TURNS)):
        done = ws.turns.step(row.turn_id, "snapshot")
        if done is not None:
            ref: Mapping[str, Any] = done["ref"]
            used.setdefault(row.dataset_version, []).append((row, str(ref["verdict"])))
    return used


def _version(stored: StoredVersion, used: list[tuple[TurnRow, str]]) -> DatasetVersion:
    row, verdict = used[0] if used else (None, "")
    return DatasetVersion(
        made_at=stored.written_at if row is None else row.opened_at,
        turn="" if row is None else row.turn_id,
        turns=len(used),
        verdict=verdict,
        outcome="" if row is None else row.outcome or "open",
        forgotten=stored.forgotten,
        **stored.ref.model_dump(),
    )
