"""A program as a run's artifact: models-from-code around two JSON files, without any pickle."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array, Object, Property

from dspyui_core.errors import ConflictError, ProgramError
from dspyui_core.fields import Field
from dspyui_core.spec import ProgramSpec

MODEL_PATH = "model"
_PROGRAM = "program"
_FILES = ("program.json", "spec.json")
_DIGEST_TAG = "dspyui.program"
_REQUIREMENTS = ("dspyui", "dspy", "mlflow")
_SERVED = Path(__file__).parent.parent / "served.py"
_SCALARS = {
    "str": DataType.string,
    "literal": DataType.string,
    "int": DataType.long,
    "float": DataType.double,
    "bool": DataType.boolean,
}


def log_program(
    client: mlflow.MlflowClient,
    run_id: str,
    folder: Path,
    spec: ProgramSpec,
    *,
    path: str = MODEL_PATH,
) -> str:
    """Log a saved program (program.json, spec.json) under a run as a model; returns its URI.

    A program that the run has at this path already is not logged again; another program replaces
    it until the first is registered. Raises ConflictError then, and ProgramError where `folder`
    holds no saved program.
    """
    digest = _digest(folder)
    logged = logged_digest(client, run_id, path=path)
    if logged == digest:
        return model_uri(client, run_id, path=path)
    if logged is not None:
        _refuse_when_registered(client, run_id, path)
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(scratch) / "model"
        _package(_copied(folder, Path(scratch) / _PROGRAM), package, spec, digest)
        client.log_artifacts(run_id, str(package), path)
    # The tag comes last: it says that the artifact is whole.
    client.set_tag(run_id, f"{_DIGEST_TAG}.{path}", digest)
    return model_uri(client, run_id, path=path)


def logged_digest(
    client: mlflow.MlflowClient, run_id: str, *, path: str = MODEL_PATH
) -> str | None:
    """The digest of the program logged whole at this path of the run, None where there is none."""
    digest = client.get_run(run_id).data.tags.get(f"{_DIGEST_TAG}.{path}")
    return None if digest is None else str(digest)


def model_uri(client: mlflow.MlflowClient, run_id: str, *, path: str = MODEL_PATH) -> str:
    """Where the run's artifact store keeps the model; needs no tracking server to be read."""
    return f"{client.get_run(run_id).info.artifact_uri.rstrip('/')}/{path}"


def program_uri(model: str) -> str:
    """Where the program's two JSON files lie within a model."""
    return f"{model.rstrip('/')}/artifacts/{_PROGRAM}"


def log_compilation_artifacts(client: mlflow.MlflowClient, run_id: str, folder: Path) -> None:
    """Show a saved program's two JSON files in the run, under `program/`."""
    for name in _FILES:
        client.log_artifact(run_id, str(folder / name), _PROGRAM)


def model_signature(spec: ProgramSpec) -> ModelSignature:
    """The program's inputs and outputs as an MLflow signature."""
    return ModelSignature(
        inputs=Schema([_column(field) for field in spec.signature.inputs]),
        outputs=Schema([_column(field) for field in spec.signature.outputs]),
    )


def _package(program: Path, package: Path, spec: ProgramSpec, digest: str) -> None:
    with warnings.catch_warnings():
        # An example would be a row of the user's data in the artifact; the signature says enough.
        warnings.filterwarnings("ignore", message=".*input example was not provided")
        mlflow.pyfunc.save_model(
            path=str(package),
            python_model=str(_SERVED),
            artifacts={_PROGRAM: str(program)},
            signature=model_signature(spec),
            # Given in full: inferring them runs the program and asks the network.
            pip_requirements=_requirements(),
            metadata={"dspyui.digest": digest, "dspyui.program": spec.name},
        )


def _requirements() -> list[str]:
    found = []
    for name in _REQUIREMENTS:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:  # the core runs from its source tree, not installed
            found.append(name)
    return found


def _copied(folder: Path, target: Path) -> Path:
    # Only these two, whatever else lies in the folder.
    target.mkdir()
    for name in _FILES:
        shutil.copyfile(folder / name, target / name)
    return target


def _digest(folder: Path) -> str:
    try:
        return str(json.loads((folder / "spec.json").read_text(encoding="utf-8"))["digest"])
    except (OSError, ValueError, KeyError) as error:
        raise ProgramError(
            f"{folder} holds no saved program: {error}", hint="write it with programs.save"
        ) from None


def _refuse_when_registered(client: mlflow.MlflowClient, run_id: str, path: str) -> None:
    for found in client.search_model_versions(f"run_id = '{run_id}'"):
        if str(found.source).rstrip("/").endswith(f"/{path}"):
            raise ConflictError(
                f"run {run_id} holds another program, registered as {found.name} {found.version}",
                hint="log this program under another run or path",
            )


def _column(field: Field) -> ColSpec:
    return ColSpec(_type(field), name=field.name, required=not field.optional)


def _type(field: Field) -> Any:
    if field.type == "list":
        return Array(_type(field.items) if field.items else DataType.string)
    if field.type == "object":
        return Object(
            [Property(part.name, _type(part), required=not part.optional) for part in field.fields]
        )
    return _SCALARS[field.type]
