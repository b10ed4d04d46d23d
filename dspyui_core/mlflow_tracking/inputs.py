"""A run's dataset as MLflow shows it: identified by content hash, not by MLflow's own digests."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from mlflow.utils.validation import MAX_DATASET_DIGEST_SIZE, MAX_INPUT_TAG_VALUE_SIZE

from dspyui_core.errors import DatasetError
from dspyui_core.mlflow_tracking.runs import log_parameters, truncate_param
from dspyui_core.records import DatasetRef
from dspyui_core.spec import canonical_json

_BLOCK = 1 << 20


def compute_dataset_hash(source: Path | str | Iterable[Mapping[str, Any]]) -> str:
    """sha256 of a file's bytes, or of rows whatever their order.

    Rows: sha256 over the sorted sha256 of each row's canonical JSON in Unicode NFC. MLflow's own
    digests read the first 10,000 rows only, in their order.
    Raises DatasetError where the file cannot be read.
    """
    if isinstance(source, (str, Path)):
        return _file_hash(Path(source))
    rows = sorted(hashlib.sha256(_canonical(row)).hexdigest() for row in source)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def log_dataset_metadata(
    client: mlflow.MlflowClient,
    run_id: str,
    ref: DatasetRef,
    *,
    source: str,
    column_names: Sequence[str],
    context: str = "turn",
) -> None:
    """Record a dataset version as the run's input, and row_count, column_names and file_hash.

    `source` says where the snapshot is (a path or a URI). Repeating the call changes nothing.
    MLflow keeps 36 characters of a digest; the whole hash is the tag dspyui.dataset_version.
    """
    counts = ref.model_dump(mode="json", exclude={"program", "version"})
    dataset = Dataset(
        name=ref.program,
        digest=ref.version[:MAX_DATASET_DIGEST_SIZE],
        source_type="local",
        source=json.dumps({"uri": source}),
        schema=json.dumps({"columns": list(column_names)}),
        profile=json.dumps(counts),
    )
    tags = {MLFLOW_DATASET_CONTEXT: context, "dspyui.dataset_version": ref.version}
    marks = [
        InputTag(key, truncate_param(value, limit=MAX_INPUT_TAG_VALUE_SIZE))
        for key, value in tags.items()
    ]
    client.log_inputs(run_id, datasets=[DatasetInput(dataset, marks)])
    facts = {"row_count": ref.rows, "column_names": list(column_names), "file_hash": ref.version}
    log_parameters(client, run_id, facts)


def _canonical(row: Mapping[str, Any]) -> bytes:
    return unicodedata.normalize("NFC", canonical_json(dict(row))).encode()


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror}", hint="check the path"
        ) from None
    return digest.hexdigest()
