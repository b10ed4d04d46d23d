"""The holdout has one reader, the comparison: no other code asks for it, and asking is refused."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.source import Source, dotted, sources
from dspyui_core.datasets import Reader, load_split
from dspyui_core.errors import DatasetError, HoldoutError
from dspyui_core.records import DatasetRef

COMPARISON = "dspyui_core/turn/evaluating.py"
DOOR = "dspyui_core/datasets/versions/snapshots.py"
REF = DatasetRef(
    program="desk",
    version="0" * 64,
    rows=10,
    train=5,
    validation=2,
    holdout=3,
    quarantined=0,
    parked=0,
)
# Ways to the comparison's pass other than the plain `Reader.COMPARISON`.
BY_THE_SIDE = re.compile(r"(?<!\w)Reader[\[(]|\(Reader\)|in Reader\b|[\"']COMPARISON[\"']")


def _outside_datasets() -> list[Source]:
    return [s for s in sources() if not s.name.startswith("dspyui_core/datasets/")]


def _holdout_calls(source: Source) -> Iterator[ast.Call]:
    """Calls that take the word holdout as an argument."""
    for call in source.nodes(ast.Call):
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        if any(isinstance(v, ast.Constant) and v.value == "holdout" for v in values):
            yield call


def _passes(source: Source) -> int:
    return sum(dotted(n).endswith("Reader.COMPARISON") for n in source.nodes(ast.Attribute))


def test_only_the_comparison_asks_for_the_holdout() -> None:
    asking = {s.name for s in _outside_datasets() if any(_holdout_calls(s))}

    assert asking == {COMPARISON}


def test_the_comparison_loads_the_holdout_in_one_place() -> None:
    (source,) = [s for s in sources() if s.name == COMPARISON]
    loads = [call for call in source.nodes(ast.Call) if dotted(call.func) == "load_split"]

    assert len(loads) == 1
    assert _passes(source) == 1


def test_the_comparisons_pass_is_used_by_the_comparison_and_checked_at_the_door() -> None:
    using = {source.name for source in sources() if _passes(source)}

    assert using == {COMPARISON, DOOR}
    assert not [s.name for s in sources() if s.name != DOOR and BY_THE_SIDE.search(s.text)]


def test_every_split_is_named_where_it_is_loaded() -> None:
    """A name that is computed could be the holdout's."""
    computed = [
        f"{source.name}:{call.lineno}"
        for source in _outside_datasets()
        for call in source.nodes(ast.Call)
        if dotted(call.func).rpartition(".")[2] == "load_split"
        if not isinstance(call.args[2], ast.Constant)
    ]

    assert not computed


def test_nobody_outside_datasets_opens_a_snapshots_files() -> None:
    snapshot_words = re.compile(r"read_parquet|pq\.read|ParquetFile|datasets\.snapshots")
    writer = "dspyui_core/data_exporter/parquet.py"

    reading = {s.name for s in _outside_datasets() if snapshot_words.search(s.text)}
    knowing = {s.name for s in _outside_datasets() if re.search(r"pyarrow|\bpq\.", s.text)}

    assert not reading
    # It writes what users said, and opens no file to read.
    assert knowing <= {writer}


def test_only_forgetting_reads_rows_past_the_door() -> None:
    doors = {"find_row", "rows_from", "take_out"}

    reading = {s.name for s in _outside_datasets() if doors & {n.id for n in s.nodes(ast.Name)}}

    assert reading
    assert {name for name in reading if not name.startswith("dspyui_core/upkeep/")} == set()


def test_nobody_outside_datasets_walks_the_splits_on_disk() -> None:
    walking = re.compile(r"\b(splits_on_disk|snapshots_on_disk|splits_of|SplitOnDisk)\b")

    assert {s.name for s in _outside_datasets() if walking.search(s.text)} == set()


@pytest.mark.parametrize("reader", [r for r in Reader if r is not Reader.COMPARISON])
def test_the_door_refuses_every_other_reader(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(HoldoutError, match=reader.value):
        load_split(tmp_path, REF, "holdout", reader=reader)


def test_the_door_lets_the_comparison_through(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no snapshot"):
        load_split(tmp_path, REF, "holdout", reader=Reader.COMPARISON)
