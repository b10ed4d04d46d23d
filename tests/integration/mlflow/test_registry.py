"""Registering, aliases and derived stages in a real MLflow registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dspyui_core.errors import (
    ConflictError,
    InputError,
    ModelNotFoundError,
    ProgramError,
    RunNotFoundError,
)
from dspyui_core.mlflow_loader import get_model_metadata, list_registered_models
from dspyui_core.mlflow_registry import (
    CHALLENGER,
    CHAMPION,
    alias_version,
    register_model,
    remove_alias,
    set_alias,
    transition_model_stage,
    version_with_digest,
    versions,
)
from dspyui_core.mlflow_service import register_compiled_model
from dspyui_core.mlflow_tracking import log_program, logged_digest


class RecordingLedger:
    """A ledger that notes what it was asked."""

    def __init__(self) -> None:
        self.moves: list[tuple[str, int, str]] = []

    def transition(self, name: str, version: int, stage: str) -> None:
        self.moves.append((name, version, stage))


def three_versions(home: Any, name: str) -> None:
    run_id = home.run(name)
    for digest in ("a", "b", "c"):
        register_model(home.client, name, run_id, digest=digest)


def test_the_same_digest_is_the_same_version_and_another_the_next(home: Any, name: str) -> None:
    run_id = home.run(name)
    made = [register_model(home.client, name, run_id, digest=d) for d in ("a", "a", "b", "a")]
    assert made == [1, 1, 2, 1]
    assert version_with_digest(home.client, name, "b") == 2
    assert version_with_digest(home.client, name, "zz") is None


def test_a_version_carries_its_metadata_and_its_lineage(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    saved, run_id = save(name), home.run(name)
    number = register_compiled_model(
        home.client,
        name,
        run_id,
        saved.folder,
        saved.spec,
        optimizer="knn_few_shot",
        evaluation_score=0.81,
        lineage={"dataset_version": "ab", "feedback_upto": 12, "turn": None},
    )
    metadata = get_model_metadata(home.client, name, number)
    tags = versions(home.client, name)[0].tags
    assert (metadata.signature, metadata.optimizer) == ("text -> topic", "knn_few_shot")
    assert (metadata.evaluation_score, metadata.dspy_module) == ("0.81", "predict")
    assert (tags["dspyui.dataset_version"], tags["dspyui.feedback_upto"]) == ("ab", "12")
    assert (tags["dspyui.run"], tags["dspyui.digest"]) == (run_id, saved.digest)
    assert "dspyui.turn" not in tags


def test_a_text_too_long_for_a_tag_is_cut_and_registration_goes_on(home: Any, name: str) -> None:
    run_id = home.run(name)
    register_model(home.client, name, run_id, digest="a", lineage={"note": "x" * 150_000})
    note = versions(home.client, name)[0].tags["dspyui.note"]
    assert len(note) == 100_000 and note.endswith("…")


def test_registering_from_an_unknown_run_is_an_error(home: Any, name: str) -> None:
    with pytest.raises(RunNotFoundError):
        register_model(home.client, name, "0" * 32, digest="a")


def test_stages_follow_from_aliases_and_decisions(home: Any, name: str) -> None:
    three_versions(home, name)
    set_alias(home.client, name, CHAMPION, 3)
    set_alias(home.client, name, CHALLENGER, 2)
    before = [found.stage for found in versions(home.client, name, decided={1, 3})]
    remove_alias(home.client, name, CHALLENGER)
    after = [found.stage for found in versions(home.client, name, decided={1, 3})]
    assert before == ["Archived", "Staging", "Production"]
    assert after == ["Archived", "None", "Production"]


def test_an_alias_points_at_one_version_and_may_be_removed_twice(home: Any, name: str) -> None:
    assert alias_version(home.client, name, CHAMPION) is None
    three_versions(home, name)
    set_alias(home.client, name, CHAMPION, 1)
    set_alias(home.client, name, CHAMPION, 2)
    assert alias_version(home.client, name, CHAMPION) == 2
    remove_alias(home.client, name, CHAMPION)
    remove_alias(home.client, name, CHAMPION)
    assert alias_version(home.client, name, CHAMPION) is None


def test_an_alias_cannot_point_at_a_version_that_is_not_there(home: Any, name: str) -> None:
    three_versions(home, name)
    with pytest.raises(ModelNotFoundError, match="version 9"):
        set_alias(home.client, name, CHAMPION, 9)


@pytest.mark.parametrize("unknown", ["never-made", "it's", "a/b", ""])
def test_versions_of_an_unknown_name_are_an_error(home: Any, unknown: str) -> None:
    with pytest.raises(ModelNotFoundError, match="dspyui model list"):
        versions(home.client, unknown)


def test_models_are_listed_with_what_their_aliases_point_at(home: Any, name: str) -> None:
    three_versions(home, name)
    set_alias(home.client, name, CHAMPION, 2)
    (found,) = [model for model in list_registered_models(home.client) if model.name == name]
    assert (found.champion, found.challenger) == (2, None)


def test_a_stage_change_goes_through_the_ledger_and_moves_nothing_itself(
    home: Any, name: str
) -> None:
    three_versions(home, name)
    ledger = RecordingLedger()
    transition_model_stage(home.client, name, 2, "Production", ledger=ledger)
    assert ledger.moves == [(name, 2, "Production")]
    assert alias_version(home.client, name, CHAMPION) is None


def test_a_stage_change_without_a_ledger_is_refused(home: Any, name: str) -> None:
    three_versions(home, name)
    with pytest.raises(InputError, match="decision ledger"):
        transition_model_stage(home.client, name, 2, "Production")


def test_a_stage_change_is_refused_for_unknown_stages_and_versions(home: Any, name: str) -> None:
    three_versions(home, name)
    with pytest.raises(InputError, match="Staging, Production"):
        transition_model_stage(home.client, name, 2, "production", ledger=RecordingLedger())
    with pytest.raises(ModelNotFoundError):
        transition_model_stage(home.client, name, 9, "Staging", ledger=RecordingLedger())


def test_a_taken_stage_is_refused_when_its_holder_must_stay(home: Any, name: str) -> None:
    three_versions(home, name)
    set_alias(home.client, name, CHAMPION, 1)
    ledger = RecordingLedger()
    with pytest.raises(ConflictError, match="1 is in Production"):
        transition_model_stage(
            home.client, name, 2, "Production", archive_existing=False, ledger=ledger
        )
    assert ledger.moves == []


def test_logging_a_program_twice_leaves_it_alone_and_another_replaces_it(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    run_id, first, second = home.run(name), save(name, demos=2), save(name, demos=4)
    assert logged_digest(home.client, run_id) is None
    uri = log_program(home.client, run_id, first.folder, first.spec)
    assert log_program(home.client, run_id, first.folder, first.spec) == uri
    assert logged_digest(home.client, run_id) == first.digest
    log_program(home.client, run_id, second.folder, second.spec)
    assert logged_digest(home.client, run_id) == second.digest


def test_a_registered_program_is_never_replaced(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    run_id, first, second = home.run(name), save(name, demos=2), save(name, demos=4)
    register_compiled_model(home.client, name, run_id, first.folder, first.spec, optimizer="auto")
    with pytest.raises(ConflictError, match=f"registered as {name} 1"):
        log_program(home.client, run_id, second.folder, second.spec)
    log_program(home.client, run_id, second.folder, second.spec, path="baseline")
    assert logged_digest(home.client, run_id, path="baseline") == second.digest


def test_a_folder_without_a_program_cannot_be_logged(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    saved = save(name)
    (saved.folder / "spec.json").unlink()
    with pytest.raises(ProgramError, match="no saved program"):
        log_program(home.client, home.run(name), saved.folder, saved.spec)
