"""What a rebuild starts from: a version, its dataset, and the rows that are to be left out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import dspyui_core
from dspyui_core.datasets import Row, content_hash, forgotten_rows, places_of
from dspyui_core.errors import InputError
from dspyui_core.mlflow_registry import model_version
from dspyui_core.records import ModelVersion, Record
from dspyui_core.turn.compiling import training_rows
from dspyui_core.turn.lineage import snapshot_of
from dspyui_core.turn.steps import Snapshot
from dspyui_core.turn.tracing import UNCOMPILED, left_out, programs_with
from dspyui_core.workspace import Workspace

__all__ = ["RebuildBase", "RebuildPlan", "RebuildRequest", "rebuild_base"]


class RebuildRequest(Record):
    """Which version is made again (by default the champion), and without which rows.

    Without a program it is the one that has the first of these rows.
    """

    without: tuple[str, ...] = ()
    program: str | None = None
    version: int | None = None


class RebuildPlan(Record):
    """What a rebuild starts from: `train` and `validation` count the rows that are left.

    `forgotten` rows are gone from the dataset version, and so from whatever is made of it.
    """

    program: str
    rebuilt_from: int
    without: tuple[str, ...]
    forgotten: int
    dataset_version: str
    train: int
    validation: int


@dataclass(frozen=True, slots=True)
class RebuildBase:
    """The version that is made again, and all of the rows that are left of its dataset."""

    version: ModelVersion
    snapshot: Snapshot
    plan: RebuildPlan
    train: Sequence[Row]
    validation: Sequence[Row]

    @property
    def key(self) -> str:
        """The same for the same spec, rows and core: a rebuild that was stopped goes on."""
        parts = [
            self.snapshot.spec.identity(),
            content_hash(self.train),
            content_hash(self.validation),
            dspyui_core.__version__,
        ]
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return f"{self.plan.program}-rebuild-{digest[:12]}"


def rebuild_base(ws: Workspace, request: RebuildRequest) -> RebuildBase:
    """The version that a request means, and the rows that are left; nothing is written.

    Raises InputError where it has no such row, no row is left, or it was compiled from none, and
    ModelNotFoundError.
    """
    program = request.program or _owner(ws, request.without)
    number = request.version or ws.releases.serving(program)
    if number is None:
        raise InputError(
            f"nobody serves {program!r}", hint="say which version to make again: --version NUMBER"
        )
    version = model_version(ws.client, program, number)
    snapshot = snapshot_of(ws, version)
    if version.tags.get("optimizer") == UNCOMPILED:
        raise InputError(
            f"version {number} of {program!r} is the uncompiled program: it is made from no rows",
            hint=f"other versions: dspyui model show {program}",
        )
    forgotten = forgotten_rows(ws.snapshots, snapshot.dataset)
    before = left_out(version)
    _require_rows(ws, version, snapshot, request.without, spare=bool(forgotten))
    without = tuple(dict.fromkeys((*before, *request.without)))
    train, validation = (
        [row for row in rows if row.row_id not in without]
        for rows in training_rows(ws, snapshot.dataset)
    )
    if not train:
        raise InputError(f"no train row of version {number} of {program!r} is left")
    plan = RebuildPlan(
        program=program,
        rebuilt_from=number,
        without=without,
        forgotten=forgotten,
        dataset_version=snapshot.dataset.version,
        train=len(train),
        validation=len(validation),
    )
    return RebuildBase(version, snapshot, plan, train, validation)


def _owner(ws: Workspace, without: Sequence[str]) -> str:
    names = programs_with(ws, without[0]) if without else ()
    if len(names) == 1:
        return names[0]
    what = f"{' and '.join(names) or 'no dataset'} have" if len(names) > 1 else "no dataset has"
    told = f"{what} a row {without[0]!r}" if without else "no row is named"
    raise InputError(told, hint="name the program: --program FILE")


def _require_rows(
    ws: Workspace, version: ModelVersion, snapshot: Snapshot, without: Sequence[str], *, spare: bool
) -> None:
    """Refuse rows that the version was not made from; those that are forgotten nobody knows."""
    name, dataset = version.name, snapshot.dataset.version
    told = f"version {version.version} of {name!r}"
    if not without and not spare:
        raise InputError(
            f"no row of {told} is forgotten, and none is named", hint="name one: --without ROW_ID"
        )
    for row_id in without:
        splits = {p.split for p in places_of(ws.snapshots, name, row_id) if p.version == dataset}
        hint = f"which versions have it: dspyui lineage --row {row_id}"
        if "holdout" in splits:
            raise InputError(f"{told} never saw row {row_id!r}: it is in the holdout", hint=hint)
        if row_id in left_out(version) or not (splits or spare):
            raise InputError(f"{told} was made without row {row_id!r}", hint=hint)
