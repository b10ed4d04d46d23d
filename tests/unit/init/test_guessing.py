"""Guessing: what a data file holds, judged from names and cells."""

from __future__ import annotations

from datetime import date

import pytest

from dspyui_core.datasets.drafts.columns import columns_of
from dspyui_core.datasets.drafts.guessing import Guess, guess
from dspyui_core.errors import InputError
from support.tables import INBOX, INTENTS, MESSAGES, Cells, table

SPLITS = ("train", "validation", "holdout") * 10


def names(found: Guess) -> tuple[list[str], list[str]]:
    """The columns of a guess's inputs and of its outputs."""
    return [part.column for part in found.inputs], [part.column for part in found.outputs]


def why_not(found: Guess) -> dict[str, str]:
    return {part.column: part.why for part in found.left_out}


def test_an_inbox_is_its_text_and_its_label() -> None:
    found = guess(table(INBOX))

    assert names(found) == (["text"], ["intent"])
    assert found.outputs[0].field.type == "literal"
    assert found.outputs[0].found == {"address": 10, "delay": 10, "refund": 10}
    assert found.doubts == ()


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("ticket_id", "tells the rows apart"),
        ("created", "dates"),
        ("country", "'NL' in every row"),
        ("notes", "empty in every row"),
    ],
)
def test_what_teaches_nothing_is_left_out_with_the_reason(column: str, why: str) -> None:
    assert why in why_not(guess(table(INBOX)))[column]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "20", "-3"], "int"),
        (["1", "2.5", "3e2"], "float"),
        (["007", "012", "100"], "str"),
        (["true", "False", "true"], "bool"),
        (["yes", "no", "yes"], "str"),
        (["2026-01-31", "2026-02-01 10:00", "2026-02-02"], "date"),
        ([date(2026, 1, 31), None, date(2026, 2, 1)], "date"),
        ([1, 2.5, None], "float"),
        ([True, False, True], "bool"),
        ([["a"], [], ["b", "c"]], "list"),
        ([{"a": 1}, {}, {}], "object"),
        ([None, "", "  "], "empty"),
    ],
)
def test_the_cells_say_the_type(cells: list[object], kind: str) -> None:
    (column,) = columns_of(table({"column": cells}))

    assert column.type == kind


@pytest.mark.parametrize(
    ("name", "cells"),
    [("user_id", ["7", "7", "9"]), ("key", ["a", "b", "c"]), ("first", ["1", "2", "3"])],
)
def test_a_key_is_known_by_its_name_or_by_counting(name: str, cells: list[str]) -> None:
    (column,) = columns_of(table({name: cells}))

    assert column.is_key


def test_a_header_alone_is_told() -> None:
    with pytest.raises(InputError, match="has a header and no rows"):
        guess(table({"text": [], "label": []}))


def test_a_label_is_found_by_its_few_values_where_no_name_says_it() -> None:
    found = guess(table({"desk": INTENTS, "message": MESSAGES}))

    assert names(found) == (["message"], ["desk"])
    assert "few" not in found.outputs[0].why
    assert "3 short values" in found.outputs[0].why


def test_without_name_and_few_values_the_last_column_is_taken_and_doubted() -> None:
    replies = [f"Dear customer, your parcel {n} has left the depot today" for n in range(30)]

    found = guess(table({"message": MESSAGES, "written": replies}))

    assert names(found) == (["message"], ["written"])
    assert "--label COLUMN" in found.doubts[0]


def test_two_columns_that_could_be_the_label_are_told_with_the_flag_that_decides() -> None:
    urgency = ["high"] * 10 + ["low"] * 20

    found = guess(table({"text": MESSAGES, "category": INTENTS, "answer": urgency}))

    assert names(found) == (["text"], ["category"])
    assert found.doubts == (
        "'answer' could be the output, too: --label answer, "
        "or all of them: --label category --label answer",
    )
    assert "give the answer away" in why_not(found)["answer"]


def test_a_column_that_says_the_same_as_the_label_is_no_input() -> None:
    codes = [{"delay": "D1", "refund": "R1", "address": "A1"}[intent] for intent in INTENTS]

    found = guess(table({"text": MESSAGES, "intent": INTENTS, "code": codes}))

    assert names(found) == (["text"], ["intent"])
    assert "says the same as intent" in why_not(found)["code"]


def test_of_a_labels_number_and_its_text_the_text_is_taken() -> None:
    numbers = [str(("delay", "refund", "address").index(intent)) for intent in INTENTS]

    found = guess(table({"text": MESSAGES, "label": numbers, "category": INTENTS}))

    assert names(found) == (["text"], ["category"])


def test_free_text_answers_are_scored_by_similarity_and_said_so() -> None:
    answers = [f"Parcel {n} is on its way and arrives in {n} days" for n in range(30)]

    found = guess(table({"question": MESSAGES, "answer": answers}))

    assert found.outputs[0].field.type == "str"
    assert found.metric == "similarity"
    assert "free text" in found.doubts[0]


def test_values_that_differ_in_case_only_are_doubted() -> None:
    found = guess(table({"text": MESSAGES, "intent": [*INTENTS[:-1], "Address"]}))

    assert "'address' and 'Address' count as two values" in found.doubts[0]


def test_rows_without_a_label_are_counted() -> None:
    found = guess(table({"text": MESSAGES, "intent": [*INTENTS[:-2], "", ""]}))

    assert found.doubts == ("2 rows have no intent: they cannot be learned from",)


def test_a_column_of_splits_is_used_as_one() -> None:
    found = guess(table({"text": MESSAGES, "intent": INTENTS, "usage": SPLITS}))

    assert found.split_column == "usage"
    assert names(found) == (["text"], ["intent"])


@pytest.mark.parametrize(
    ("splits", "why"),
    [
        (("train", "test", "train") * 10, "holds test, train, not train, validation and holdout"),
        (("train", "validation", "train") * 10, "no holdout rows"),
    ],
)
def test_splits_that_do_not_fit_are_told_and_not_used(splits: tuple[str, ...], why: str) -> None:
    found = guess(table({"text": MESSAGES, "intent": INTENTS, "split": splits}))

    assert found.split_column is None
    assert why in why_not(found)["split"]


def test_a_gap_in_one_of_several_inputs_makes_it_optional() -> None:
    found = guess(table({"text": MESSAGES, "shop": ["", "web"] * 15, "intent": INTENTS}))

    assert [(part.column, part.field.optional) for part in found.inputs] == [
        ("text", False),
        ("shop", True),
    ]


def test_a_name_that_no_field_can_have_is_changed_and_mapped() -> None:
    columns: Cells = {"Message Text": MESSAGES, "1st": MESSAGES[::-1], "class": INTENTS}

    found = guess(table(columns))

    assert found.columns == {
        "message_text": "Message Text",
        "field_1st": "1st",
        "class_field": "class",
    }


def test_two_columns_of_one_field_name_get_two_fields() -> None:
    found = guess(table({"a b": MESSAGES, "a-b": MESSAGES[::-1], "intent": INTENTS}))

    assert found.columns == {"a_b": "a b", "a_b_2": "a-b"}


def test_named_columns_are_taken_as_they_are() -> None:
    found = guess(table(INBOX), labels=["country", "intent"], inputs=["notes"])

    assert names(found) == (["notes"], ["country", "intent"])
    assert why_not(found)["text"] == "it is not named with --input"


def test_every_named_column_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        guess(table(INBOX), labels=["intnet"], inputs=["txt", "country"])

    assert [problem.column for problem in caught.value.problems] == ["--label", "--input"]
    assert "did you mean 'intent'?" in str(caught.value)
    assert "did you mean 'text'?" in str(caught.value)


def test_a_column_is_not_named_as_input_and_label() -> None:
    with pytest.raises(InputError, match="named with --label, too"):
        guess(table(INBOX), labels=["intent"], inputs=["intent"])


@pytest.mark.parametrize(
    ("columns", "missing"),
    [({"text": MESSAGES}, "an input"), ({"id": MESSAGES, "notes": [""] * 30}, "an input")],
)
def test_a_file_with_too_few_columns_is_told_what_is_missing(columns: Cells, missing: str) -> None:
    with pytest.raises(InputError, match=f"no column left for {missing}") as caught:
        guess(table(columns))

    assert "add a column" in caught.value.hint
