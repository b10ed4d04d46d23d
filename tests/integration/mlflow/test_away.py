"""MLflow is away: writing goes on, it is said so at once, and the mirror catches up afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.errors import StoreError
from dspyui_core.mlflow_registry import CHAMPION, set_alias
from dspyui_core.mlflow_service import register_compiled_model
from dspyui_core.settings import MlflowSettings, ServingSettings, Settings
from dspyui_core.workspace import Workspace
from support.processes import free_port


@pytest.fixture
def workspace(tmp_path: Path, mlflow_template: Path) -> Iterator[Workspace]:
    """A home whose one program serves; what an alias means is asked again for every answer."""
    home = tmp_path / "home"
    (home / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, home / "mlflow" / "mlflow.db")
    settings = Settings(home=home, serving=ServingSettings(ttl=0))
    opened = Workspace.open(settings=settings)
    yield opened
    opened.close()


@pytest.fixture
def serving(workspace: Workspace, save: Callable[..., Any]) -> Workspace:
    saved = save("orders")
    run_id = workspace.client.create_run(workspace.experiment("orders")).info.run_id
    register_compiled_model(
        workspace.client, "orders", run_id, saved.folder, saved.spec, optimizer="auto"
    )
    set_alias(workspace.client, "orders", CHAMPION, 1)
    workspace.predict("orders", {"text": "where is my parcel"})
    return workspace


def _moved_away(workspace: Workspace) -> Settings:
    uri = f"http://127.0.0.1:{free_port()}"
    return workspace.settings.model_copy(update={"mlflow": MlflowSettings(tracking_uri=uri)})


def test_answers_and_feedback_go_on_while_mlflow_is_away_and_are_in_it_later(
    serving: Workspace,
) -> None:
    here = serving.settings
    serving.settings = _moved_away(serving)
    answers = [serving.predict("orders", {"text": f"refund number {n}"}) for n in range(5)]
    for answer in answers:
        serving.feedback.record_feedback(answer.trace_id, "thumbs_up", user_id="ana")
    serving.settings = here
    serving.mirror("orders")
    found = serving.client.search_traces(locations=[serving.experiment("orders")])
    rated = {t.info.trace_id: [a.value for a in t.info.assessments] for t in found}
    assert {rated[answer.trace_id][0] for answer in answers} == {"thumbs_up"}
    assert len(rated) == 6


def test_the_mirror_says_at_once_that_mlflow_is_away_and_its_watermark_stays(
    serving: Workspace,
) -> None:
    away = Workspace.open(settings=_moved_away(serving))
    with pytest.raises(StoreError, match="does not answer"):
        away.mirror("orders")
    assert away.watermarks.get("orders", "mirror") == 0
    away.close()
    assert serving.mirror("orders").traces == 1
