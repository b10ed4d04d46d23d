"""Errors say what happened, with which value, and what to do."""

from __future__ import annotations

import pytest

from dspyui_core import errors
from dspyui_core.errors import FlywheelError, InputError, ModelNotFoundError, Problem


def every_error(base: type[FlywheelError] = FlywheelError) -> list[type[FlywheelError]]:
    return [base, *(error for child in base.__subclasses__() for error in every_error(child))]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in every_error()]
    shared = {"NotFoundError": "not-found"}

    assert len(set(codes)) == len(codes)
    assert errors.NotFoundError.code == shared["NotFoundError"]


def test_the_tree_in_the_docstring_names_every_error() -> None:
    missing = [e.__name__ for e in every_error() if e.__name__ not in (errors.__doc__ or "")]

    assert missing == []


@pytest.mark.parametrize("error", every_error())
def test_only_what_may_pass_by_itself_is_retryable(error: type[FlywheelError]) -> None:
    assert error.retryable is (error.code in {"busy", "lm", "server"})


def test_a_message_ends_with_what_to_do() -> None:
    error = ModelNotFoundError("support", hint="list names with: dspyui model list")

    assert str(error) == "no model 'support'. list names with: dspyui model list"
    assert error.name == "support"


def test_bad_input_lists_every_problem_with_its_place() -> None:
    problems = [
        Problem("intent", "is not an allowed value", "refnd", "use refund", row=3),
        Problem("text", "is blank"),
    ]

    lines = str(InputError("2 rows are wrong", problems)).splitlines()

    assert lines == [
        "2 rows are wrong",
        "  - row 3, intent: is not an allowed value (found 'refnd'); use refund",
        "  - text: is blank",
    ]


def test_a_long_value_is_shortened_in_the_message() -> None:
    said = str(Problem("text", "is wrong", "x" * 500))

    assert len(said) < 120
    assert "…" in said
