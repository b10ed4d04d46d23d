"""The lineage of a row: the dataset versions that have it, and the versions made from those."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mlflow.exceptions import MlflowException

from dspyui_core.datasets import Row, RowPlace, nfc, places_of, row_key
from dspyui_core.errors import ModelNotFoundError, NotFoundError, ProgramError
from dspyui_core.mlflow_loader import saved_state
from dspyui_core.mlflow_registry import versions
from dspyui_core.mlflow_tracking import TURN_TAG
from dspyui_core.records import ModelVersion, Record
from dspyui_core.storage import folder_at
from dspyui_core.turn.lineage import DemoOrigin, row_origin
from dspyui_core.workspace import Workspace

__all__ = [
    "UNCOMPILED",
    "RowDataset",
    "RowLineage",
    "RowUse",
    "RowVersion",
    "left_out",
    "programs_with",
    "row_lineage",
]

# The tag of a version that was made again without some rows: their ids, as JSON.
WITHOUT = "dspyui.without"
# The optimizer of a version that holds the uncompiled program.
UNCOMPILED = "none"


class RowDataset(Record):
    """A dataset version that has the row, and the split it is in."""

    version: str
    split: str


class RowVersion(Record):
    """A version that was compiled with the row among its train or validation rows.

    `in_demos` says whether the row is a demo of its program, too; None where that cannot be read.
    """

    version: int
    stage: str
    turn: str
    dataset_version: str
    split: str
    in_demos: bool | None


class RowUse(Record):
    """What one program has of a row. A holdout row is not shown, and no version contains it."""

    program: str
    row: DemoOrigin | None
    datasets: tuple[RowDataset, ...]
    versions: tuple[RowVersion, ...]


class RowLineage(Record):
    """Where a row is used, by program."""

    row_id: str
    programs: tuple[RowUse, ...]


def row_lineage(ws: Workspace, row_id: str, *, program: str | None = None) -> RowLineage:
    """Which versions contain a row, in every program or in one of them.

    The uncompiled program contains no row. Raises NotFoundError where no dataset version has it.
    """
    found = _places(ws, row_id, program)
    if not found:
        raise NotFoundError(
            row_id,
            message=f"no dataset{f' of {program!r}' if program else ''} has a row {row_id!r}",
            hint="dspyui lineage TRACE --json names the rows in an answer's prompt; a row that is "
            "forgotten is in no dataset any more",
        )
    used = tuple(_use(ws, name, places) for name, places in found.items())
    return RowLineage(row_id=row_id, programs=used)


def programs_with(ws: Workspace, row_id: str) -> tuple[str, ...]:
    """The names of the programs that have a row in some dataset version, sorted."""
    return tuple(_places(ws, row_id, None))


def left_out(version: ModelVersion) -> tuple[str, ...]:
    """The ids of the rows that a version was made again without."""
    return tuple(json.loads(version.tags.get(WITHOUT, "[]")))


def _places(ws: Workspace, row_id: str, program: str | None) -> dict[str, tuple[RowPlace, ...]]:
    names = folder_at(ws.snapshots).folders() if program is None else [program]
    found = {name: places_of(ws.snapshots, name, row_id) for name in names}
    return {name: places for name, places in found.items() if places}


def _use(ws: Workspace, program: str, places: tuple[RowPlace, ...]) -> RowUse:
    row = next((place.row for place in places if place.row is not None), None)
    return RowUse(
        program=program,
        row=None if row is None else row_origin(ws, row),
        datasets=tuple(RowDataset(version=p.version, split=p.split) for p in places),
        versions=() if row is None else tuple(_versions(ws, program, row, places)),
    )


def _versions(
    ws: Workspace, program: str, row: Row, places: tuple[RowPlace, ...]
) -> Iterator[RowVersion]:
    splits = {place.version: place.split for place in places if place.row is not None}
    for version in _registered(ws, program):
        dataset = version.tags.get("dspyui.dataset_version", "")
        made_from_none = version.tags.get("optimizer") == UNCOMPILED
        if dataset in splits and not made_from_none and row.row_id not in left_out(version):
            yield RowVersion(
                version=version.version,
                stage=version.stage,
                turn=version.tags.get(TURN_TAG, ""),
                dataset_version=dataset,
                split=splits[dataset],
                in_demos=_in_demos(ws, version, row),
            )


def _registered(ws: Workspace, program: str) -> list[ModelVersion]:
    decided = ws.releases.ledger.decided_versions(program)
    try:
        return versions(ws.client, program, decided=decided)
    except ModelNotFoundError:
        return []


def _in_demos(ws: Workspace, version: ModelVersion, row: Row) -> bool | None:
    try:
        uri = ws.client.get_model_version_download_uri(version.name, str(version.version))
        state = saved_state(ws.client, uri, what=f"{version.name} {version.version}")
    except (ProgramError, MlflowException, ValueError):
        return None
    return _has_demo(state, row)


def _has_demo(content: Any, row: Row) -> bool:
    if isinstance(content, Mapping):
        asked = {name: content.get(name) for name in row.inputs}
        is_it = any(asked.values()) and row_key(nfc(asked)) == row.key
        return is_it or any(_has_demo(part, row) for part in content.values())
    return isinstance(content, list) and any(_has_demo(part, row) for part in content)
