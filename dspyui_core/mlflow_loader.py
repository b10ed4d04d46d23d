"""Loading programs from MLflow: only their JSON files are read, and no code of an artifact runs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException

from dspyui_core import programs
from dspyui_core.errors import InputError, ModelNotFoundError, ProgramError, RunNotFoundError
from dspyui_core.mlflow_registry import (
    CHALLENGER,
    CHAMPION,
    DIGEST_TAG,
    LIST_MODELS,
    STAGE_ALIASES,
    VersionMetadata,
    alias_version,
    metadata_of,
    model_version,
    versions,
)
from dspyui_core.mlflow_tracking import MODEL_PATH, is_missing, model_uri, program_uri
from dspyui_core.records import ModelVersion
from dspyui_core.spec import ProgramSpec


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A rebuilt program; `version` is None where it comes from a run and not the registry."""

    program: Any
    spec: ProgramSpec
    version: int | None
    digest: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model's name and what its two aliases point at, None where an alias is not set."""

    name: str
    champion: int | None
    challenger: int | None


def load_model_from_registry(
    client: mlflow.MlflowClient,
    name: str,
    *,
    version: int | None = None,
    stage: str | None = None,
    alias: str | None = None,
    workspace: Path | None = None,
) -> LoadedModel:
    """Load a version, or what a stage or an alias stands for; by default the champion.

    `workspace` is where the program's own `python:` parts are imported from.
    Raises ModelNotFoundError, and ProgramError where the artifact is no program of ours.
    """
    number = resolve_version(client, name, version=version, stage=stage, alias=alias)
    return load_version(client, name, number, workspace=workspace)


def resolve_version(
    client: mlflow.MlflowClient,
    name: str,
    *,
    version: int | None = None,
    stage: str | None = None,
    alias: str | None = None,
) -> int:
    """The version number meant by at most one of version, stage and alias; default the champion.

    Raises InputError for more than one or a stage that names no single version, and
    ModelNotFoundError where nothing is there.
    """
    if sum(given is not None for given in (version, stage, alias)) > 1:
        raise InputError("give one of version, stage and alias, not several")
    if version is not None:
        return version
    wanted = alias or (CHAMPION if stage is None else _alias_of(stage))
    found = alias_version(client, name, wanted)
    if found is None:
        raise _nothing_there(client, name, wanted)
    return found


def load_version(
    client: mlflow.MlflowClient, name: str, version: int, *, workspace: Path | None = None
) -> LoadedModel:
    """Load one version, which never changes. Raises ModelNotFoundError and ProgramError."""
    record = model_version(client, name, version)
    source = client.get_model_version_download_uri(name, str(version))
    loaded = _load(client, source, f"{name} {version}", workspace)
    expected = record.tags.get(DIGEST_TAG, loaded.digest)
    if loaded.digest != expected:
        raise ProgramError(
            f"{name} {version} holds program {loaded.digest[:12]}, not {expected[:12]}",
            hint="its artifact was replaced after it was registered; register its run again",
        )
    return LoadedModel(loaded.program, loaded.spec, version, loaded.digest, loaded.warnings)


def load_model_from_run(
    client: mlflow.MlflowClient,
    run_id: str,
    *,
    path: str = MODEL_PATH,
    workspace: Path | None = None,
) -> LoadedModel:
    """Load the program logged under a run. Raises RunNotFoundError and ProgramError."""
    try:
        source = model_uri(client, run_id, path=path)
    except MlflowException as error:
        raise RunNotFoundError(run_id, hint="take the run id from a turn's report") from error
    loaded = _load(client, source, f"run {run_id}", workspace)
    return LoadedModel(loaded.program, loaded.spec, None, loaded.digest, loaded.warnings)


def saved_state(client: mlflow.MlflowClient, source: str, *, what: str) -> dict[str, Any]:
    """The program.json of a model at `source`, as plain data. Raises ProgramError."""
    with tempfile.TemporaryDirectory() as folder:
        _download(client, f"{program_uri(source)}/{programs.PROGRAM_FILE}", what, folder)
        text = (Path(folder) / programs.PROGRAM_FILE).read_text(encoding="utf-8")
    state: dict[str, Any] = json.loads(text)
    return state


def list_registered_models(client: mlflow.MlflowClient) -> list[RegisteredModel]:
    """Every registered model with its champion and challenger, by name."""
    found: list[RegisteredModel] = []
    token = None
    while True:
        page = client.search_registered_models(order_by=["name ASC"], page_token=token)
        found.extend(
            RegisteredModel(
                model.name, _number(model.aliases, CHAMPION), _number(model.aliases, CHALLENGER)
            )
            for model in page
        )
        token = page.token
        if not token:
            return found


def list_model_versions(
    client: mlflow.MlflowClient, name: str, *, decided: Collection[int] = ()
) -> list[ModelVersion]:
    """Every version of a model, oldest first; see mlflow_registry.versions."""
    return versions(client, name, decided=decided)


def get_model_metadata(client: mlflow.MlflowClient, name: str, version: int) -> VersionMetadata:
    """What a version says about its program. Raises ModelNotFoundError."""
    return metadata_of(model_version(client, name, version))


def _load(
    client: mlflow.MlflowClient, source: str, what: str, workspace: Path | None
) -> programs.LoadedProgram:
    with tempfile.TemporaryDirectory() as folder:
        for name in (programs.PROGRAM_FILE, programs.SPEC_FILE):
            _download(client, f"{program_uri(source)}/{name}", what, folder)
        return programs.load(Path(folder), workspace=workspace)


def _download(client: mlflow.MlflowClient, uri: str, what: str, folder: str) -> None:
    try:
        mlflow.artifacts.download_artifacts(
            artifact_uri=uri, dst_path=folder, tracking_uri=client.tracking_uri
        )
    except (OSError, MlflowException) as error:
        raise ProgramError(
            f"{what} has no file {uri.rsplit('/', 1)[-1]}: {error}",
            hint="only what dspyui registered can be loaded; check the artifact store",
        ) from error


def _alias_of(stage: str) -> str:
    for known, alias in STAGE_ALIASES.items():
        if known == stage:
            return alias
    raise InputError(
        f"stage {stage!r} names no single version",
        hint=f"use {' or '.join(STAGE_ALIASES)}, or give a version",
    )


def _nothing_there(client: mlflow.MlflowClient, name: str, alias: str) -> ModelNotFoundError:
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if not is_missing(error) and str(error.error_code) != "INVALID_PARAMETER_VALUE":
            raise
        return ModelNotFoundError(name, hint=LIST_MODELS)
    message = f"{name!r} has no {alias}"
    return ModelNotFoundError(name, message=message, hint=f"see: dspyui model show {name}")


def _number(aliases: dict[str, Any], alias: str) -> int | None:
    return int(aliases[alias]) if alias in aliases else None
