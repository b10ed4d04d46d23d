from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyui_core.datasets import content_hash, parse_gold
from dspyui_core.datasets.contract.damage import is_invisible, is_sound
from dspyui_core.errors import DatasetError
from unit.datasets.helpers import make_spec, write_csv


def test_columns_are_mapped_and_open_labels_frozen_sorted(tmp_path: Path) -> None:
    rows = [{"text": "hi", "category": "b"}, {"text": "ho", "category": "a"}]
    spec = make_spec(str(write_csv(tmp_path / "r.csv", rows)), columns={"intent": "category"})

    gold = parse_gold(spec)

    assert [row.labels for row in gold.rows] == [{"intent": "b"}, {"intent": "a"}]
    assert gold.spec.signature.outputs[0].values == ("a", "b")
    assert spec.signature.outputs[0].open


def test_open_labels_inside_lists_and_objects_are_frozen_too(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(
        json.dumps(
            [
                {"text": "a", "tags": ["x", "y"], "facts": {"mood": "sad"}},
                {"text": "b", "tags": ["w"], "facts": {"mood": "glad"}},
            ]
        )
    )
    opened = {"type": "literal", "values": "from_data"}
    outputs = {
        "tags": {"type": "list", "items": opened},
        "facts": {"type": "object", "fields": {"mood": opened}},
    }

    tags, facts = parse_gold(make_spec(str(path), outputs=outputs)).spec.signature.outputs

    assert tags.items is not None
    assert tags.items.values == ("w", "x", "y")
    assert facts.fields[0].values == ("glad", "sad")


def test_every_problem_of_every_row_is_reported_with_row_column_and_remedy(tmp_path: Path) -> None:
    rows = [
        {"text": "fine", "stars": "3", "kind": "a"},
        {"text": "", "stars": "3.5", "kind": "a"},
        {"text": "odd", "stars": "4", "kind": "z"},
    ]
    outputs = {"rating": "int", "label": {"type": "literal", "values": ["a", "b"]}}
    spec = make_spec(
        str(write_csv(tmp_path / "r.csv", rows)),
        columns={"rating": "stars", "label": "kind"},
        outputs=outputs,
    )

    gold = parse_gold(spec)

    found = [(f.problem.row, f.problem.column, f.problem.value) for f in gold.quarantined]
    assert found == [(2, "text", ""), (2, "stars", "3.5"), (3, "kind", "z")]
    assert all(finding.problem.remedy for finding in gold.quarantined)
    assert len(gold.rows) == 1


def test_all_missing_columns_are_named_at_once_with_what_is_there(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"txt": "hi", "category": "a"}])

    with pytest.raises(DatasetError) as caught:
        parse_gold(make_spec(str(path), where={"lang": ["en"]}, split_column="part"))

    columns = [problem.column for problem in caught.value.problems]
    assert columns == ["text", "intent", "lang", "part"]
    assert "did you mean 'txt'" in caught.value.problems[0].remedy
    assert "category" in caught.value.problems[1].remedy


def test_a_column_that_another_field_uses_is_not_offered_for_a_missing_one(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"message": "hi", "intent": "a"}])

    with pytest.raises(DatasetError) as caught:
        parse_gold(make_spec(str(path)))

    assert [p.remedy for p in caught.value.problems] == ["unused columns: message"]


def test_where_every_column_is_used_that_is_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"intent": "a"}])

    with pytest.raises(DatasetError, match="no column that is not used already"):
        parse_gold(make_spec(str(path)))


def test_an_optional_column_may_be_missing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"text": "hi", "intent": "a"}])
    spec = make_spec(str(path), inputs={"text": "str", "note": {"type": "str", "optional": True}})

    assert parse_gold(spec).rows[0].inputs == {"text": "hi", "note": None}


def test_where_keeps_rows_by_value_and_counts_the_others(tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "intent": name} for n, name in enumerate("abcab")]
    spec = make_spec(str(write_csv(tmp_path / "r.csv", rows)), where={"intent": ["a", "b"]})

    gold = parse_gold(spec)

    assert (len(gold.rows), gold.left_out, gold.total) == (4, 1, 5)
    assert [row.data_row for row in gold.rows] == [1, 2, 4, 5]
    assert gold.spec.signature.outputs[0].values == ("a", "b")


def test_a_split_column_wins_over_the_source_and_an_unknown_split_is_a_problem(
    tmp_path: Path,
) -> None:
    parts = ["holdout", "", "Train", "test"]
    rows = [{"text": f"t{n}", "intent": "a", "part": part} for n, part in enumerate(parts)]
    source = {"path": str(write_csv(tmp_path / "r.csv", rows)), "split": "validation"}

    gold = parse_gold(make_spec(source, split_column="part"))

    assert [row.split for row in gold.rows] == ["holdout", "validation", "train"]
    assert [f.problem.row for f in gold.quarantined] == [4]
    assert "train" in gold.quarantined[0].problem.remedy


def test_a_text_that_is_no_unicode_is_a_problem_of_its_row(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('[{"text": "\\ud800", "intent": "a"}, {"text": "ok", "intent": "a"}]')

    gold = parse_gold(make_spec(str(path)))

    assert [f.problem.row for f in gold.quarantined] == [1]
    assert [row.data_row for row in gold.rows] == [2]


def test_two_spellings_of_one_unicode_text_are_one_label(tmp_path: Path) -> None:
    rows = [{"text": "a", "intent": "caf\u00e9"}, {"text": "b", "intent": "cafe\u0301"}]

    gold = parse_gold(make_spec(str(write_csv(tmp_path / "r.csv", rows))))

    assert gold.spec.signature.outputs[0].values == ("caf\u00e9",)


# Text that the contract refuses is left out: it would never be a row.
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Cn", "Zs", "Zl", "Zp")),
    min_size=1,
    max_size=12,
).filter(lambda text: is_sound(text) and not is_invisible(text))
TYPED = st.fixed_dictionaries(
    {
        "text": TEXT,
        "score": st.floats(allow_nan=False, allow_infinity=False),
        "count": st.integers(-(2**62), 2**62),
        "flag": st.booleans(),
        "tags": st.lists(TEXT, max_size=3),
    }
)
OUTPUTS = {
    "score": "float",
    "count": "int",
    "flag": "bool",
    "tags": {"type": "list", "items": "str"},
}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(TYPED, min_size=1, max_size=5), seed=st.randoms(use_true_random=False))
def test_the_same_rows_hash_the_same_from_every_format_and_in_every_order(
    tmp_path: Path, rows: list[dict[str, Any]], seed: Any
) -> None:
    shuffled = seed.sample(rows, len(rows))
    flat = [{name: cell(value) for name, value in row.items()} for row in rows]
    write_csv(tmp_path / "r.csv", flat)
    write_csv(tmp_path / "bom.csv", flat, encoding="utf-8-sig")
    (tmp_path / "r.json").write_text(json.dumps(shuffled), encoding="utf-8")
    lines = [json.dumps(row, ensure_ascii=False) for row in shuffled]
    (tmp_path / "r.jsonl").write_text("\n".join(lines), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "r.parquet")

    golds = [
        parse_gold(make_spec(str(tmp_path / name), outputs=OUTPUTS))
        for name in ("r.csv", "bom.csv", "r.json", "r.jsonl", "r.parquet")
    ]

    assert [len(gold.rows) for gold in golds] == [len(rows)] * 5
    assert len({content_hash(gold.rows) for gold in golds}) == 1


def cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
