"""Use: how much room the state of a home takes, and the limits that its settings put on it."""

from __future__ import annotations

import os
from pathlib import Path

from dspyui_core.records import Record
from dspyui_core.store.compacting import sqlite_bytes, sqlite_file
from dspyui_core.store.retiring import content, stored_bytes
from dspyui_core.workspace import Workspace

__all__ = ["Limits", "Use", "use_of"]


class Limits(Record):
    """What the settings let the journal keep; None keeps everything."""

    keep_days: float | None
    keep_span_days: float | None
    max_mb: float | None


class Use(Record):
    """What a home takes: entries and bytes of the journal, and bytes of everything else.

    `with_spans` counts predictions, `journal_bytes` their payloads and spans and those of feedback.
    A part of the home that lies elsewhere, by a setting, is None.
    """

    state_bytes: int
    entries: int
    with_spans: int
    journal_bytes: int
    mlflow_bytes: int | None
    artifact_bytes: int | None
    dataset_bytes: int | None
    lm_cache_bytes: int
    batch_bytes: int
    export_bytes: int
    backup_bytes: int
    limits: Limits


def use_of(ws: Workspace) -> Use:
    """Measure a home; reads the whole journal."""
    held, settings = content(ws.engine), ws.settings
    mlflow = sqlite_file(settings.tracking_uri())
    limits = settings.journal.model_dump(include=set(Limits.model_fields))
    return Use(
        state_bytes=stored_bytes(ws.engine),
        entries=held.entries,
        with_spans=held.with_spans,
        journal_bytes=held.bytes,
        mlflow_bytes=None if mlflow is None else sqlite_bytes(mlflow),
        artifact_bytes=_size(ws.home / "mlflow" / "artifacts") if _is_here(ws) else None,
        dataset_bytes=_size(ws.snapshots) if isinstance(ws.snapshots, Path) else None,
        lm_cache_bytes=_size(ws.home / "lm-cache"),
        batch_bytes=_size(ws.home / "batches"),
        export_bytes=_size(ws.home / "exports"),
        backup_bytes=_size(ws.home / "backups"),
        limits=Limits.model_validate(limits),
    )


def _is_here(ws: Workspace) -> bool:
    return ws.settings.artifact_root().startswith("file:")


def _size(path: Path) -> int:
    """The bytes of all files below a folder, 0 where there is none."""
    files = (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    return sum(map(_size_of, files))


def _size_of(file: Path) -> int:
    try:
        return file.lstat().st_size
    except FileNotFoundError:  # it went while we looked
        return 0
