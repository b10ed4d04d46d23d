"""The model registry: versions keyed by content, their aliases and the stages these stand for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH

from dspyui_core.errors import ConflictError, InputError, ModelNotFoundError, RunNotFoundError
from dspyui_core.mlflow_tracking import MODEL_PATH, is_missing, truncate_param
from dspyui_core.records import ModelVersion, Stage
from dspyui_core.spec import ProgramSpec

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
DIGEST_TAG: Final = "dspyui.digest"
STAGE_ALIASES: Final[Mapping[Stage, str]] = {"Production": CHAMPION, "Staging": CHALLENGER}
_STAGES: Final[tuple[Stage, ...]] = ("None", "Staging", "Production", "Archived")
_PAGE = 1000
LIST_MODELS = "list names with: dspyui model list; a turn makes a program's first version"


@dataclass(frozen=True, slots=True)
class VersionMetadata:
    """What a version says about its program, one tag each; `evaluation_score` is 0..1 or ''."""

    input_fields: str = ""
    output_fields: str = ""
    instructions: str = ""
    evaluation_score: str = ""
    signature: str = ""
    dspy_module: str = ""
    optimizer: str = ""


class StageLedger(Protocol):
    """What a stage change goes through: the decision ledger, which then moves the alias."""

    def transition(self, name: str, version: int, stage: Stage) -> None:
        """Record the decision and project it onto the aliases."""


def version_metadata(
    spec: ProgramSpec, *, optimizer: str, evaluation_score: float | None
) -> VersionMetadata:
    """The metadata of a version of this spec's program."""
    inputs = ", ".join(field.name for field in spec.signature.inputs)
    outputs = ", ".join(field.name for field in spec.signature.outputs)
    return VersionMetadata(
        input_fields=inputs,
        output_fields=outputs,
        instructions=spec.signature.instructions,
        evaluation_score="" if evaluation_score is None else f"{evaluation_score:.6g}",
        signature=f"{inputs} -> {outputs}",
        dspy_module=spec.module.name,
        optimizer=optimizer,
    )


def register_model(
    client: mlflow.MlflowClient,
    name: str,
    run_id: str,
    *,
    digest: str,
    metadata: VersionMetadata | None = None,
    lineage: Mapping[str, object] | None = None,
    path: str = MODEL_PATH,
) -> int:
    """Register the model logged at `path` of a run; the same digest gives the same version.

    `lineage` becomes tags with the prefix `dspyui.` (dataset version, spec hash, scores, feedback
    positions). Raises RunNotFoundError.
    """
    found = version_with_digest(client, name, digest)
    if found is not None:
        return found
    run = _run(client, run_id)
    _ensure_model(client, name)
    tags = _tags(digest, run_id, metadata or VersionMetadata(), lineage or {})
    source = f"{run.info.artifact_uri.rstrip('/')}/{path}"
    # The tags are written with the version itself, so a crash leaves no version without its key.
    made = client.create_model_version(name, source, run_id, tags=tags, await_creation_for=0)
    return int(made.version)


def version_with_digest(client: mlflow.MlflowClient, name: str, digest: str) -> int | None:
    """The first version that holds this very program, None where it was never registered."""
    found = _search(client, f"name = '{_safe(name)}' and tag.`{DIGEST_TAG}` = '{digest}'")
    return min((int(version.version) for version in found), default=None)


def set_alias(client: mlflow.MlflowClient, name: str, alias: str, version: int) -> None:
    """Point an alias at a version. Raises ModelNotFoundError where there is no such version."""
    try:
        client.set_registered_model_alias(name, alias, str(version))
    except MlflowException as error:
        raise _as_not_found(error, name, version) from error


def remove_alias(client: mlflow.MlflowClient, name: str, alias: str) -> None:
    """Take an alias away; nothing happens where there is none."""
    if alias_version(client, name, alias) is not None:
        client.delete_registered_model_alias(name, alias)


def alias_version(client: mlflow.MlflowClient, name: str, alias: str) -> int | None:
    """The version an alias points at; None where the model or the alias does not exist."""
    try:
        found = client.get_registered_model(name).aliases.get(alias)
    except MlflowException as error:
        if is_missing(error):
            return None
        raise
    return None if found is None else int(found)


def versions(
    client: mlflow.MlflowClient, name: str, *, decided: Collection[int] = ()
) -> list[ModelVersion]:
    """Every version of a model, oldest first, with its derived stage.

    `decided` holds the versions that the decision ledger has decided on.
    Raises ModelNotFoundError.
    """
    aliases = _aliases_by_version(_registered_model(client, name))
    found = _search(client, f"name = '{_safe(name)}'")
    records = [
        _record(version, aliases.get(int(version.version), ()), decided) for version in found
    ]
    return sorted(records, key=lambda record: record.version)


def model_version(
    client: mlflow.MlflowClient, name: str, version: int, *, decided: Collection[int] = ()
) -> ModelVersion:
    """One version with its derived stage. Raises ModelNotFoundError."""
    aliases = _aliases_by_version(_registered_model(client, name))
    try:
        found = client.get_model_version(name, str(version))
    except MlflowException as error:
        raise _as_not_found(error, name, version) from error
    return _record(found, aliases.get(version, ()), decided)


def has_version(client: mlflow.MlflowClient, name: str, version: int) -> bool:
    """Whether a version is there; people delete them in MLflow."""
    try:
        model_version(client, name, version)
    except ModelNotFoundError:
        return False
    return True


def derived_stage(version: int, aliases: Collection[str], decided: Collection[int]) -> Stage:
    """Production is the champion, Staging the challenger, Archived what else was decided on."""
    if CHAMPION in aliases:
        return "Production"
    if CHALLENGER in aliases:
        return "Staging"
    return "Archived" if version in decided else "None"


def metadata_of(version: ModelVersion) -> VersionMetadata:
    """The metadata that a version's tags hold; what is not there is ''."""
    names = [field.name for field in fields(VersionMetadata)]
    return VersionMetadata(**{name: version.tags.get(name, "") for name in names})


def transition_model_stage(
    client: mlflow.MlflowClient,
    name: str,
    version: int,
    stage: str,
    *,
    archive_existing: bool = True,
    ledger: StageLedger | None = None,
) -> None:
    """Move a version to a stage through the decision ledger; never by MLflow's own stages.

    A stage holds one version, so with `archive_existing=False` a taken stage is refused with
    ConflictError. Raises InputError without a ledger and for an unknown stage.
    """
    wanted = next((known for known in _STAGES if known == stage), None)
    if wanted is None:
        raise InputError(f"no stage {stage!r}", hint=f"stages: {', '.join(_STAGES)}")
    if ledger is None:
        raise InputError(
            f"{name} {version} cannot move to {stage} without the decision ledger",
            hint="pass ledger=, or use: dspyui model promote",
        )
    model_version(client, name, version)
    holder = alias_version(client, name, STAGE_ALIASES.get(wanted, ""))
    if not archive_existing and holder not in (None, version):
        raise ConflictError(
            f"{name} {holder} is in {stage}, and a stage holds one version",
            hint="allow archive_existing",
        )
    ledger.transition(name, version, wanted)


def _run(client: mlflow.MlflowClient, run_id: str) -> Any:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        raise RunNotFoundError(run_id, hint="take the run id from a turn's report") from error


def _ensure_model(client: mlflow.MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if str(error.error_code) != "RESOURCE_ALREADY_EXISTS":
            raise


def _tags(
    digest: str, run_id: str, metadata: VersionMetadata, lineage: Mapping[str, object]
) -> dict[str, str]:
    ours = {f"dspyui.{key}": value for key, value in lineage.items() if value is not None}
    tags = {**ours, **asdict(metadata), "dspyui.run": run_id, DIGEST_TAG: digest}
    limit = MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH
    return {key: truncate_param(value, limit=limit) for key, value in tags.items()}


def _registered_model(client: mlflow.MlflowClient, name: str) -> Any:
    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        raise _as_not_found(error, name) from error


def _as_not_found(error: MlflowException, name: str, version: int | None = None) -> Exception:
    # A name that MLflow would not take does not exist either.
    missing = is_missing(error) or str(error.error_code) == "INVALID_PARAMETER_VALUE"
    if not missing:
        return error
    message = "" if version is None else f"{name!r} has no version {version}"
    return ModelNotFoundError(name, message=message, hint=LIST_MODELS)


def _aliases_by_version(model: Any) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for alias, version in sorted(model.aliases.items()):
        found[int(version)] = (*found.get(int(version), ()), alias)
    return found


def _search(client: mlflow.MlflowClient, filter_string: str) -> list[Any]:
    found: list[Any] = []
    token = None
    while True:
        page = client.search_model_versions(filter_string, max_results=_PAGE, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return found


def _record(version: Any, aliases: tuple[str, ...], decided: Collection[int]) -> ModelVersion:
    number = int(version.version)
    return ModelVersion(
        name=version.name,
        version=number,
        stage=derived_stage(number, aliases, decided),
        aliases=aliases,
        run_id=version.run_id or "",
        created_at=datetime.fromtimestamp(version.creation_timestamp / 1000, tz=UTC),
        tags=dict(version.tags),
    )


def _safe(name: str) -> str:
    if "'" in name:
        raise ModelNotFoundError(name, hint=LIST_MODELS)
    return name
