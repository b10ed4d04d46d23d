"""Fields: typed cells with every problem told, nothing rounded or guessed."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dspyui_core.fields import FROM_DATA, Field, parse_row, python_type

TEXT = Field(name="text")
COUNT = Field(name="count", type="int")
RATE = Field(name="rate", type="float")
SURE = Field(name="sure", type="bool")
TOPIC = Field(name="topic", type="literal", values=("a", "b"))
TAGS = Field(name="tags", type="list", items=Field(name="item", type="int"))
ADDRESS = Field(name="address", type="object", fields=(TEXT, COUNT))
ALL = (TEXT, COUNT, RATE, SURE, TOPIC, TAGS, ADDRESS)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda t: t.strip())
rows = st.fixed_dictionaries(
    {
        "text": words,
        "count": st.integers(),
        "rate": st.floats(allow_nan=False, allow_infinity=False),
        "sure": st.booleans(),
        "topic": st.sampled_from(["a", "b"]),
        "tags": st.lists(st.integers()),
        "address": st.fixed_dictionaries({"text": words, "count": st.integers()}),
    }
)


def as_cells(row: dict[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in row.items()
    }


@given(rows)
@settings(max_examples=30, deadline=None)
def test_typed_values_come_back_from_themselves_and_from_their_text(row: dict[str, Any]) -> None:
    assert parse_row(ALL, row) == (row, [])
    assert parse_row(ALL, as_cells(row)) == (row, [])


def test_the_types_survive_and_not_only_the_values() -> None:
    values, _ = parse_row((COUNT, RATE, SURE), {"count": "1", "rate": "1", "sure": "true"})

    assert [type(value) for value in values.values()] == [int, float, bool]


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        (COUNT, "1.5"),
        (COUNT, 1.5),
        (COUNT, "three"),
        (COUNT, True),
        (RATE, "nan"),
        (RATE, math.inf),
        (RATE, True),
        (SURE, "perhaps"),
        (SURE, 2),
        (TOPIC, "A"),
        (TOPIC, "c"),
        (TEXT, 3),
        (TAGS, "1, 2"),
        (TAGS, "[1, 2.5]"),
        (TAGS, [True]),
        (TAGS, "[true]"),
        (ADDRESS, {"text": "x"}),
        (ADDRESS, {"text": "x", "count": False}),
        (ADDRESS, '{"text": "x", "count": 1, "more": 2}'),
    ],
)
def test_what_does_not_fit_is_a_problem_and_never_rounded(field: Field, cell: Any) -> None:
    values, problems = parse_row((field,), {field.name: cell})

    assert values == {}
    assert [problem.column.split(".")[0] for problem in problems] == [field.name]


@pytest.mark.parametrize("blank", [None, "", "  \t", math.nan])
def test_a_blank_cell_is_one_problem_unless_the_field_is_optional(blank: Any) -> None:
    optional = COUNT.model_copy(update={"optional": True})

    values, problems = parse_row((COUNT,), {"count": blank})

    assert (values, [problem.reason for problem in problems]) == ({}, ["is blank"])
    assert parse_row((optional,), {"count": blank}) == ({"count": None}, [])
    assert parse_row((optional,), {}) == ({"count": None}, [])


def test_all_problems_of_a_row_are_told_at_once_each_with_its_value() -> None:
    raw = {"text": "", "count": "x", "rate": "y", "topic": "c", "sure": "true", "tags": "[]"}

    _, problems = parse_row((TEXT, COUNT, RATE, SURE, TOPIC, TAGS), raw)

    found = {problem.column: problem.value for problem in problems}
    assert found == {"text": "", "count": "x", "rate": "y", "topic": "c"}


def test_other_columns_are_not_looked_at() -> None:
    assert parse_row((TEXT,), {"text": "x", "else": object()}) == ({"text": "x"}, [])


def test_white_space_belongs_to_a_text_and_not_to_other_types() -> None:
    values, problems = parse_row((TEXT, TOPIC), {"text": " x ", "topic": " a "})

    assert (values, problems) == ({"text": " x ", "topic": "a"}, [])


@pytest.mark.parametrize("name", ["1st", "two words", "_hidden", "", "model_dump", "model_config"])
def test_a_name_that_cannot_be_a_field_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Field(name=name)


@pytest.mark.parametrize("name", ["json", "schema", "items", "labels", "model_year"])
def test_names_that_merely_look_taken_work(name: str) -> None:
    assert parse_row((Field(name=name),), {name: "x"}) == ({name: "x"}, [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"type": "literal"}, "a literal needs values"),
        ({"type": "object"}, "an object needs fields"),
        ({"type": "str", "values": ["a"]}, "values belong to the type literal"),
        ({"type": "str", "items": {"name": "item"}}, "items belong to the type list"),
        ({"type": "list", "fields": [{"name": "x"}]}, "fields belong to the type object"),
    ],
)
def test_a_part_that_would_be_ignored_is_refused(content: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Field.model_validate({"name": "x", **content})


def test_a_literal_from_the_data_is_open_until_its_values_are_frozen_sorted() -> None:
    field = Field(name="topic", type="literal", values=FROM_DATA)

    frozen = field.frozen_with(["b", "a", "b"])

    assert (field.open, python_type(field)) == (True, str)
    assert (frozen.open, frozen.values) == (False, ("a", "b"))
    assert python_type(frozen) == Literal["a", "b"]


@pytest.mark.parametrize(("count", "listed"), [(2, True), (40, False)])
def test_a_short_list_of_allowed_values_is_told_with_a_wrong_one(count: int, listed: bool) -> None:
    field = Field(name="topic", type="literal", values=tuple(f"v{n}" for n in range(count)))

    (problem,) = parse_row([field], {"topic": "x"})[1]

    assert "use one of the allowed values" in problem.remedy
    assert ("'v0' or 'v1'" in problem.remedy) is listed
