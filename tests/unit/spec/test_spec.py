"""The spec: one YAML file in, a program or every problem out; and what makes two specs the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core.errors import SpecError
from dspyui_core.spec import ProgramSpec, canonical_json, parse_spec, read_spec

FOLDERS = st.lists(st.sampled_from(["data", "..", "a b", "ü"]), max_size=3)


def content(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "support",
        "signature": {
            "instructions": "Route the message.",
            "inputs": {"text": "str"},
            "outputs": {"queue": {"type": "literal", "values": ["cards", "loans"]}},
        },
        "dataset": "rows.csv",
    }
    return base | changes


def signature(**changes: Any) -> dict[str, Any]:
    return content(signature=content()["signature"] | changes)


def problems_of(wrong: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        parse_spec(wrong)
    return {problem.column: str(problem) for problem in caught.value.problems}


def test_the_short_forms_mean_the_long_ones() -> None:
    short = content(metric="exact_match", lm="openai/x", optimizer="auto")
    long = content(
        metric={"name": "exact_match", "options": {}},
        lm={"name": "openai/x"},
        optimizer={"name": "auto"},
        dataset={"sources": [{"path": "rows.csv", "split": "auto"}]},
    )

    assert parse_spec(short) == parse_spec(long)


def test_where_takes_one_value_or_several() -> None:
    spec = parse_spec(content(dataset={"sources": "a.csv", "where": {"x": "1", "y": ["2", "3"]}}))

    assert spec.dataset.where == {"x": ("1",), "y": ("2", "3")}


def test_every_problem_is_told_at_once_with_its_key_and_the_nearest_match() -> None:
    wrong = content(
        promtion={},
        optimizer="knn_few_shoot",
        metric={"name": "exact_match", "options": {"field": ["queue"]}},
        module="python:nothing",
        feedback={"minimum": 0},
        signature={
            "instructions": "Route.",
            "inputs": {"text": {"typ": "str"}},
            "outputs": {"queue": {"type": "literl", "values": ["a"]}},
        },
    )

    found = problems_of(wrong)

    assert set(found) == {
        "promtion",
        "optimizer",
        "metric.options.field",
        "module",
        "feedback.minimum",
        "signature.inputs.text.typ",
        "signature.outputs.queue.type",
    }
    assert "did you mean 'promotion'?" in found["promtion"]
    assert "did you mean 'knn_few_shot'? allowed: auto," in found["optimizer"]
    assert "did you mean 'fields'?" in found["metric.options.field"]
    assert "did you mean 'type'?" in found["signature.inputs.text.typ"]
    assert "'literal'" in found["signature.outputs.queue.type"]


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (content(budget={"usd": 1}), "budget"),
        (content(dataset={"sources": "a.csv", "checks": {"minimum": 3}}), "dataset.checks.minimum"),
        (content(lm={"name": "openai/x", "api_key": "k"}), "lm.api_key"),
    ],
)
def test_a_key_that_nothing_acts_on_is_refused(wrong: dict[str, Any], key: str) -> None:
    assert "is not a key that exists here" in problems_of(wrong)[key]


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (content(name="Support Team"), "name"),
        (content(name=5), "name"),
        (content(dataset={"sources": []}), "dataset.sources"),
        (content(dataset={"sources": "a.csv", "shares": {"train": 0.9}}), "dataset.shares"),
        (content(promotion={"confidence": 1.5}), "promotion.confidence"),
        (content(promotion={"approval": "maybe"}), "promotion.approval"),
        (content(optimizer={"name": "knn_few_shot", "options": {"k": "x"}}), "optimizer.options.k"),
        (content(optimizer="python:mine:Optimizer"), "optimizer"),
        (content(metric={"options": {}}), "metric.name"),
        (content(metric="python::score"), "metric"),
        (signature(inputs={}), "signature.inputs"),
        (signature(instructions=""), "signature.instructions"),
    ],
)
def test_a_wrong_value_names_its_key(wrong: dict[str, Any], key: str) -> None:
    assert key in problems_of(wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (signature(inputs={"queue": "str"}), "used twice: queue"),
        (
            signature(inputs={"demos": "str", "lm": "str"}),
            "a name that DSPy uses itself: demos, lm",
        ),
        (
            signature(inputs={"text": {"type": "literal", "values": "from_data"}}),
            "not taken from the data: text",
        ),
        (content(dataset={"sources": "a.csv", "columns": {"qeue": "Q"}}), "maps qeue"),
        (
            content(signature="text -> queue"),
            "takes keys, not one value (found 'text -> queue'); its keys: instructions,",
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_named(wrong: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems_of(wrong).values())


def test_columns_are_read_from_where_the_spec_says() -> None:
    spec = parse_spec(content(dataset={"sources": "a.csv", "columns": {"queue": "Team"}}))

    assert (spec.column_of("queue"), spec.column_of("text")) == ("Team", "text")


def write(folder: Path, text: str) -> Path:
    path = folder / "support.yaml"
    path.write_bytes(text.encode())
    return path


def test_a_relative_source_starts_at_the_folder_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "programs").mkdir()
    sources = {"sources": ["../data/a.csv", "/abs/b.csv"]}
    path = write(tmp_path / "programs", yaml.safe_dump(content(dataset=sources)))

    found = [source.path for source in read_spec(path).dataset.sources]

    assert [place.resolve() for place in found] == [tmp_path / "data/a.csv", Path("/abs/b.csv")]


def test_a_spec_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + yaml.safe_dump(content()))

    assert read_spec(path).name == "support"


@pytest.mark.parametrize("text", ["name: [", "", "- a\n- b\n", "just words", "a: b: c"])
def test_what_is_no_yaml_mapping_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(SpecError, match=r"support\.yaml"):
        read_spec(path)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("name: a\nseed: [1\nlm: x\n", "at line 3, column", "look from line 2 on"),
        ("name: a\nlm:\n\tname: x\n", "at line 3, column 1", "indent with spaces, never with tabs"),
        ("name: a\nname: b\n", "line 2, column 1: the key 'name' is there twice", "at that line"),
        ("name: \x07\n", "unacceptable character", "plain text"),
    ],
)
def test_broken_yaml_is_told_with_the_line_and_what_to_do(
    tmp_path: Path, text: str, says: str, hint: str
) -> None:
    path = write(tmp_path, text)

    with pytest.raises(SpecError, match="is not readable YAML") as caught:
        read_spec(path)

    assert says in caught.value.message
    assert hint in caught.value.hint
    assert "unicode string" not in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "support.yaml"
    path.write_bytes("name: größe".encode("latin-1"))

    with pytest.raises(SpecError, match="UTF-8"):
        read_spec(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no spec file"):
        read_spec(tmp_path / "none.yaml")
    with pytest.raises(SpecError, match="cannot be read"):
        read_spec(tmp_path)


def test_a_yaml_file_cannot_run_code(tmp_path: Path) -> None:
    path = write(tmp_path, "name: !!python/object/apply:os.getcwd []")

    with pytest.raises(SpecError, match="not readable YAML"):
        read_spec(path)


@given(st.text(), FOLDERS, st.text())
@settings(max_examples=40, deadline=None)
def test_identity_ignores_the_description_and_the_paths(
    description: str, folders: list[str], name: str
) -> None:
    spec = parse_spec(content())
    moved = spec.with_data(Path(*folders, f"x{name}")).model_copy(
        update={"description": description}
    )

    assert moved.identity() == spec.identity()


@pytest.mark.parametrize(
    "changed",
    [
        content(name="other"),
        content(seed=1),
        content(metric="similarity"),
        content(optimizer={"name": "auto", "options": {"knn_few_shot": {"k": 3}}}),
        content(lm="openai/x"),
        content(promotion={"confidence": 0.9}),
        content(feedback={"minimum": 3}),
        content(dataset={"sources": ["a.csv", "b.csv"]}),
        content(dataset={"sources": {"path": "a.csv", "split": "train"}}),
        content(dataset={"sources": "a.csv", "where": {"queue": "cards"}}),
        signature(instructions="Route it."),
        signature(inputs={"text": {"type": "str", "description": "said"}}),
    ],
)
def test_identity_changes_with_all_that_changes_a_turn(changed: dict[str, Any]) -> None:
    assert parse_spec(changed).identity() != parse_spec(content()).identity()


def test_a_spec_comes_back_from_its_json_with_the_same_identity() -> None:
    spec = parse_spec(content(dataset={"sources": "a.csv", "where": {"queue": ["cards"]}}))

    again = ProgramSpec.model_validate_json(spec.model_dump_json())

    assert again == spec
    assert again.identity() == spec.identity()


@given(st.dictionaries(st.text(), st.integers()))
@settings(max_examples=30, deadline=None)
def test_canonical_json_does_not_know_the_order_of_keys(value: dict[str, int]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    lm = {"name": "openai/x", "api_base": "https://me:hunter2@lm.example/v1"}

    with pytest.raises(SpecError, match="put the key in the environment") as caught:
        parse_spec(content(lm=lm))

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("column", ["queue", "text", "message", "input length"])
def test_scores_are_told_apart_by_metadata_only(column: str) -> None:
    dataset = {"sources": "rows.csv", "columns": {"text": "message"}, "slices": column}

    assert f"dataset.slices names {column}" in str(problems_of(content(dataset=dataset)))


@pytest.mark.parametrize("repeats", [0, 21])
def test_a_row_is_answered_once_to_twenty_times(repeats: int) -> None:
    assert "evaluation.repeats" in problems_of(content(evaluation={"repeats": repeats}))
