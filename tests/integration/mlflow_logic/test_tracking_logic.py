"""What the MLflow side decides without a server: texts, hashes, addresses, signatures, stages."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.errors import DatasetError
from dspyui_core.mlflow_registry import (
    VersionMetadata,
    derived_stage,
    metadata_of,
    version_metadata,
)
from dspyui_core.mlflow_tracking import (
    compute_dataset_hash,
    get_mlflow_ui_url,
    program_uri,
    truncate_param,
)
from dspyui_core.mlflow_tracking.packaging import model_signature
from dspyui_core.records import ModelVersion
from dspyui_core.spec import ProgramSpec

SPEC = ProgramSpec.model_validate(
    {
        "name": "orders",
        "signature": {
            "instructions": "Read the order.",
            "inputs": {"text": "str", "pages": {"type": "int", "optional": True}},
            "outputs": {
                "topic": {"type": "literal", "values": ["a", "b"]},
                "tags": {"type": "list", "items": "str"},
                "address": {"type": "object", "fields": {"street": "str", "number": "int"}},
                "urgent": "bool",
                "amount": "float",
            },
        },
        "dataset": {"sources": ["rows.csv"]},
    }
)


@given(st.text(max_size=50), st.integers(1, 60))
def test_a_truncated_text_is_never_longer_than_the_limit(text: str, limit: int) -> None:
    short = truncate_param(text, limit=limit)
    assert len(short) <= limit
    assert (short == text) == (len(text) <= limit) or short == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "null"),
        (3, "3"),
        (0.5, "0.5"),
        ({"k": "é"}, '{"k": "é"}'),
        (Path("a/b"), "a/b"),
    ],
)
def test_values_become_readable_texts(value: object, text: str) -> None:
    assert truncate_param(value) == text


def test_the_hash_of_rows_knows_neither_row_order_nor_key_order_nor_composition() -> None:
    rows = [{"text": f"caf\u00e9 {number}", "label": "x"} for number in range(20)]
    other = [{"label": row["label"], "text": row["text"].replace("é", "e\u0301")} for row in rows]
    random.Random(0).shuffle(other)
    assert compute_dataset_hash(rows) == compute_dataset_hash(other)


def test_the_hash_of_rows_changes_with_a_value_its_type_and_a_repetition() -> None:
    hashes = {
        compute_dataset_hash(rows)
        for rows in ([{"n": 1}], [{"n": "1"}], [{"n": 2}], [{"n": 1}, {"n": 1}], [])
    }
    assert len(hashes) == 5


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"abc")
    assert compute_dataset_hash(path).startswith("ba7816bf8f01cfea")
    with pytest.raises(DatasetError, match=r"gone\.csv"):
        compute_dataset_hash(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        (get_mlflow_ui_url("7"), "http://127.0.0.1:5000/#/experiments/7"),
        (
            get_mlflow_ui_url("7", run_id="ab", base_url="https://mlflow.example/"),
            "https://mlflow.example/#/experiments/7/runs/ab",
        ),
        (
            get_mlflow_ui_url("7", "my orders", 3, base_url="sqlite:///x.db"),
            "http://127.0.0.1:5000/#/models/my%20orders/versions/3",
        ),
        (get_mlflow_ui_url(model_name="orders"), "http://127.0.0.1:5000/#/models/orders"),
        (get_mlflow_ui_url(), "http://127.0.0.1:5000/#/experiments"),
    ],
)
def test_addresses_in_the_ui(url: str, page: str) -> None:
    assert url == page


def test_the_signature_carries_types_and_what_is_optional() -> None:
    signature = model_signature(SPEC)
    inputs = signature.inputs.to_dict()
    outputs = {column["name"]: column["type"] for column in signature.outputs.to_dict()}
    assert [(c["name"], c["type"], c["required"]) for c in inputs] == [
        ("text", "string", True),
        ("pages", "long", False),
    ]
    assert outputs == {
        "topic": "string",
        "tags": "array",
        "address": "object",
        "urgent": "boolean",
        "amount": "double",
    }


def test_the_program_lies_below_the_model() -> None:
    assert program_uri("file:///a/model/") == "file:///a/model/artifacts/program"


@pytest.mark.parametrize(
    ("aliases", "decided", "stage"),
    [
        (("champion",), {1}, "Production"),
        (("champion", "challenger"), set(), "Production"),
        (("challenger",), {1}, "Staging"),
        (("custom",), {1}, "Archived"),
        ((), {2}, "None"),
    ],
)
def test_a_stage_follows_from_aliases_and_decisions(
    aliases: tuple[str, ...], decided: set[int], stage: str
) -> None:
    assert derived_stage(1, aliases, decided) == stage


def test_metadata_survives_the_way_through_tags() -> None:
    made = version_metadata(SPEC, optimizer="auto", evaluation_score=2 / 3)
    tags = {name: getattr(made, name) for name in VersionMetadata.__slots__}
    assert metadata_of(ModelVersion(name="orders", version=1, tags=tags)) == made
    assert made.signature == "text, pages -> topic, tags, address, urgent, amount"
    assert made.evaluation_score == "0.666667"


def test_a_score_that_is_not_known_is_an_empty_text() -> None:
    assert version_metadata(SPEC, optimizer="none", evaluation_score=None).evaluation_score == ""
