"""Guessing from a schema: what the embedded LM answers before it has seen a demo."""

from __future__ import annotations

from typing import Any

import pytest

from dspyui_core.lms.embedded.guessing import guess
from dspyui_core.lms.embedded.schema import read_value, schema_of

NODE = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "required": ["name", "next", "children"],
        }
    },
    "$ref": "#/$defs/Node",
}


def test_an_object_that_contains_itself_is_filled_to_its_first_level() -> None:
    assert guess(NODE, "Hello there. Bye.", "node") == {
        "name": "Hello there.",
        "next": None,
        "children": [],
    }


@pytest.mark.parametrize(
    ("schema", "query", "expected"),
    [
        ({"type": "integer"}, "no number here", 0),
        ({"type": "integer", "minimum": 1}, "none", 1),
        ({"type": "integer", "maximum": 5}, "rate it 9", 5),
        ({"type": "number"}, "minus -2.5 degrees", -2.5),
        ({"type": "array", "items": {"type": "integer"}}, "3 of 12", [3, 12]),
        ({"type": "array", "items": {"enum": ["red", "blue"]}}, "something blue", ["blue"]),
        ({"type": "array", "items": {"type": "object"}}, "anything", []),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "One. Two.", "One."),
        ({"const": "fixed"}, "anything", "fixed"),
        ({"type": "null"}, "anything", None),
        ({"type": "boolean"}, "is it broken", True),
        ({"type": "boolean"}, "all is well", False),
    ],
)
def test_a_guess_fits_its_schema(schema: dict[str, Any], query: str, expected: Any) -> None:
    assert guess(schema, query, "broken") == expected


@pytest.mark.parametrize(
    ("schema", "raw"),
    [
        ({"type": "string"}, "Not supplied for this particular example. "),
        ({"enum": ["a", "b"]}, "c"),
        ({"type": "number"}, "many"),
        ({"type": "integer"}, "True"),
        ({"type": "boolean"}, "1"),
        ({"type": "array"}, "[1, 2"),
    ],
)
def test_a_demo_value_that_is_missing_or_of_another_type_is_left_out(
    schema: dict[str, Any], raw: str
) -> None:
    assert read_value(schema, raw) is None


def test_a_literal_is_read_with_its_quotes_commas_and_numbers() -> None:
    annotation = "Literal['a, b', \"it's\", 'say \"hi\"', 3, True]"

    schema = schema_of(annotation, "")

    assert schema == {"enum": ["a, b", "it's", 'say "hi"', 3, True]}
