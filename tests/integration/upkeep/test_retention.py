"""Retention and use: the settings' limits are applied after the mirror, and status shows both."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dspyui_core import turn
from dspyui_core.errors import TraceNotFoundError
from dspyui_core.mirror import CONSUMER
from dspyui_core.settings import JournalSettings
from dspyui_core.store.erasing import last_erasure
from dspyui_core.store.journal import NewFeedback, NewPrediction
from dspyui_core.upkeep import Retired, retire, use_of
from dspyui_core.workspace import Workspace
from integration.upkeep.conftest import Desk, workspace

LONG_AGO = datetime.now(UTC) - timedelta(days=90)


def _kept(folder: Path, **limits: Any) -> Workspace:
    """A home with ten old answers, of which one is rated, and five new ones; all of it read."""
    ws = workspace(folder, journal=JournalSettings(**limits))
    spans = [{"name": "predict", "inputs": "x" * 10_000}]
    for number in range(15):
        at = LONG_AGO if number < 10 else datetime.now(UTC)
        payload = {"inputs": {"text": "y" * 1000}, "outputs": {"desk": "amber"}}
        ws.journal.append([NewPrediction("p", f"tr-{number}", payload, at=at, spans=spans)])
    ws.journal.append([NewFeedback("tr-3", {"rating": "thumbs_up"}, "k")])
    ws.watermarks.advance("p", CONSUMER, 16)
    return ws


def _traces(ws: Workspace) -> list[str]:
    return [entry.trace_id for entry in ws.journal.since(0, kind="prediction")]


def test_by_default_everything_is_kept(tmp_path: Path) -> None:
    ws = _kept(tmp_path)

    assert retire(ws) == Retired()
    assert len(_traces(ws)) == 15


def test_old_answers_that_nobody_rated_are_retired_and_it_is_on_record(tmp_path: Path) -> None:
    ws = _kept(tmp_path, keep_days=30)

    assert retire(ws, dry_run=True) == Retired(predictions=9)
    assert retire(ws) == Retired(predictions=9)

    assert _traces(ws) == ["tr-3", *(f"tr-{number}" for number in range(10, 15))]
    found = last_erasure(ws.engine, "expired", "")
    assert found is not None
    assert (found.actor, found.counts["predictions"]) == ("maria", 9)
    assert retire(ws) == Retired()
    with pytest.raises(TraceNotFoundError, match="may be retired"):
        ws.feedback.record_feedback("tr-1", "thumbs_up")


def test_nothing_goes_before_mlflow_and_every_consumer_have_it(tmp_path: Path) -> None:
    ws = _kept(tmp_path, keep_days=30)
    ws.exporter.acknowledge("p", "crm", 5)

    assert retire(ws).predictions == 4

    ws.exporter.acknowledge("p", "crm", 16)
    assert retire(ws).predictions == 5


def test_a_home_that_is_not_mirrored_retires_nothing(tmp_path: Path) -> None:
    ws = _kept(tmp_path, keep_days=30)
    ws.journal.append([NewPrediction("q", "tr-q", {"inputs": {}}, at=LONG_AGO)])

    retire(ws)

    assert "tr-q" in _traces(ws)


def test_spans_of_old_answers_go_and_the_answers_stay(tmp_path: Path) -> None:
    ws = _kept(tmp_path, keep_span_days=30)

    assert retire(ws) == Retired(spans=10)

    kept = [e.trace_id for e in ws.journal.since(0, spans=True) if e.spans]
    assert kept == [f"tr-{number}" for number in range(10, 15)]


def test_over_the_size_spans_go_first_then_unrated_answers(tmp_path: Path) -> None:
    some = _kept(tmp_path / "some", max_mb=0.1)
    more = _kept(tmp_path / "more", max_mb=0.01, keep_days=80, keep_span_days=100)

    assert retire(some) == Retired(spans=7)
    assert retire(more, dry_run=True) == retire(more) == Retired(predictions=9, spans=6)
    assert _traces(more)[0] == "tr-3"


def test_what_is_needed_stays_over_the_limit_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ws = _kept(tmp_path, max_mb=0.0005)

    with caplog.at_level(logging.INFO, "dspyui"):
        left = retire(ws)

    assert (left.predictions, left.spans) == (14, 15)
    assert 0 < left.over_bytes < 2000
    assert "over the limit of DSPYUI_JOURNAL__MAX_MB" in caplog.text
    assert _traces(ws) == ["tr-3"]


def test_a_turn_retires_after_it_has_mirrored(desk: Desk) -> None:
    limits = JournalSettings(keep_days=30)
    ws = workspace(desk.folder, journal=limits)
    answer = {"inputs": {"text": "old"}, "outputs": {"desk": "amber"}}
    ws.journal.append([NewPrediction("desk", "tr-old", answer, at=LONG_AGO)])

    report = turn.mirror_program(ws, turn.TurnRequest(program=desk.program))

    assert (report.traces, report.retired.predictions) == (1, 1)
    assert ws.journal.find_prediction("tr-old") is None
    assert "tr-old" not in str(report)


def test_use_counts_every_part_of_a_home(desk: Desk) -> None:
    found = use_of(desk.ws)

    home = desk.ws.home
    sizes = found.model_dump(exclude={"limits", "entries", "with_spans"})
    assert [name for name, size in sizes.items() if not size] == ["batch_bytes"]
    assert found.entries == desk.ws.journal.count()
    (backup,) = (home / "backups").iterdir()
    assert found.backup_bytes == backup.stat().st_size
    assert found.export_bytes == (home / "exports" / "rows.csv").stat().st_size
    databases = found.state_bytes + (found.mlflow_bytes or 0)
    assert databases >= sum((home / p).stat().st_size for p in ("state.db", "mlflow/mlflow.db"))


def test_what_lies_elsewhere_has_no_size_here(tmp_path: Path) -> None:
    away = {"tracking_uri": "http://localhost:1", "artifacts": "s3://bucket"}

    found = use_of(workspace(tmp_path, mlflow=away, journal={"keep_days": 7}))

    assert (found.mlflow_bytes, found.artifact_bytes) == (None, None)
    assert (found.limits.keep_days, found.limits.max_mb) == (7, None)
