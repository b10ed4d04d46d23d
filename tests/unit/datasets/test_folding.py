from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core.datasets import Fold, Gold, Row, fold, parse_gold
from dspyui_core.fields import Field
from unit.datasets.helpers import Diary, make_spec, write_csv

INTENTS = ("a", "b", "c")


def gold_of(*rows: tuple[str, str]) -> Gold:
    """Gold rows as if parsed from a file, with the three intents frozen."""
    spec = make_spec()
    frozen = spec.with_outputs((Field(name="intent", type="literal", values=INTENTS),))
    parsed = tuple(
        Row.of({"text": text}, {"intent": intent}, "gold", source="rows.csv", data_row=number)
        for number, (text, intent) in enumerate(rows, 1)
    )
    return Gold(frozen, parsed, (), 0, len(parsed), ())


def folded(diary: Diary, *rows: tuple[str, str], upto: int = 10**6) -> Fold:
    return fold(gold_of(*rows), diary.entries, upto=upto)


def told(found: Fold) -> list[tuple[str, str, str]]:
    return [(row.inputs["text"], row.labels["intent"], row.trust) for row in found.rows]


def reasons(found: Fold) -> list[tuple[str, str, str | None]]:
    return [(f.check, f.problem.reason, f.trace_id) for f in found.findings]


def test_a_correction_gives_the_row_its_labels_and_provenance(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a", note="ignored")
    position = diary.corrects("t1", "b")

    (row,) = folded(diary).rows

    assert (row.labels, row.trust, row.source) == ({"intent": "b"}, "proposed", "feedback")
    assert (row.position, row.trace_id, row.user_id) == (position, "t1", "ann")


def test_a_bare_correction_is_that_of_the_only_output(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.says("t1", "thumbs_down", corrected_output="c")

    assert told(folded(diary)) == [("hello", "c", "proposed")]


def test_thumbs_up_confirms_the_prediction_and_thumbs_down_alone_says_nothing(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.says("t1", "thumbs_up")
    diary.predicts("t2", "bye", "a")
    diary.says("t2", "thumbs_down")

    found = folded(diary)

    assert told(found) == [("hello", "a", "proposed")]
    assert found.findings == ()


def test_a_correction_is_merged_over_the_predicted_outputs_of_the_signature(diary: Diary) -> None:
    spec = make_spec(outputs={"intent": "str", "urgent": "bool"})
    gold = Gold(spec, (), (), 0, 0, ())
    diary.predicts("t1", "hello", "a")
    diary.entries[0].payload["outputs"] |= {"urgent": False, "reasoning": "because"}
    diary.corrects("t1", "b")

    assert fold(gold, diary.entries, upto=9).rows[0].labels == {"intent": "b", "urgent": False}


def test_the_latest_feedback_of_a_user_on_a_trace_counts(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b")
    diary.corrects("t1", "c")

    found = folded(diary)

    assert told(found) == [("hello", "c", "proposed")]
    assert found.superseded == 1


def test_one_user_has_one_vote_for_an_input_however_many_traces(diary: Diary) -> None:
    for trace, intent in (("t1", "b"), ("t2", "b"), ("t3", "c")):
        diary.predicts(trace, "hello", "a")
        diary.corrects(trace, intent)

    assert told(folded(diary)) == [("hello", "c", "proposed")]


def test_a_retraction_withdraws_a_users_feedback(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b")
    diary.says("t1", None, retracted=True)
    diary.corrects("t1", "c", "bob")

    assert told(folded(diary)) == [("hello", "c", "proposed")]


def test_feedback_after_the_position_does_not_count(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    position = diary.corrects("t1", "b")
    diary.corrects("t1", "c")

    assert told(folded(diary, upto=position)) == [("hello", "b", "proposed")]
    assert folded(diary, upto=position - 1).rows == ()


def test_an_unknown_label_is_quarantined_by_its_trace_and_the_valid_feedback_before_it_counts(
    diary: Diary,
) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b")
    diary.corrects("t1", "nonsense")

    found = folded(diary)

    assert told(found) == [("hello", "b", "proposed")]
    assert reasons(found) == [("contract", "is not an allowed value", "t1")]
    assert found.findings[0].problem.value == "nonsense"


def test_invalid_feedback_that_its_user_replaced_is_no_finding(diary: Diary) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "nonsense")
    diary.corrects("t1", "b")

    assert folded(diary).findings == ()


@pytest.mark.parametrize(
    ("trace", "rating", "payload", "column", "reason"),
    [
        ("t9", "thumbs_up", {}, "trace_id", "is no recorded prediction"),
        ("t1", "five stars", {}, "rating", "is no rating"),
        ("t1", "thumbs_up", {"corrected_output": {"mood": "x"}}, "mood", "is no output field"),
        ("t1", "thumbs_down", {"corrected_output": ["a"]}, "intent", "is not an allowed value"),
        ("t2", "thumbs_up", {}, "intent", "is blank"),
    ],
)
def test_feedback_that_makes_no_row_is_a_finding_and_not_a_crash(
    diary: Diary, trace: str, rating: str, payload: dict[str, Any], column: str, reason: str
) -> None:
    diary.predicts("t1", "hello", "a")
    diary.predicts("t2", "failed", "")
    diary.says(trace, rating, **payload)

    found = folded(diary)

    assert found.rows == ()
    assert [f.problem.column for f in found.findings] == [column]
    assert reasons(found) == [("contract", reason, trace)]


def test_two_authenticated_users_confirm_and_outrank_a_majority_of_claims(diary: Diary) -> None:
    for number, (intent, user, sure) in enumerate(
        [("b", "ann", True), ("b", "bob", True)] + [("c", f"u{n}", False) for n in range(5)]
    ):
        diary.predicts(f"t{number}", "hello", "a")
        diary.corrects(f"t{number}", intent, user, sure=sure)

    found = folded(diary)

    assert told(found) == [("hello", "b", "confirmed")]
    assert found.superseded == 5


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("ann", True), ("ann", True)),
        (("ann", True), ("bob", False)),
        ((None, True), (None, True)),
        (("ann", True), ("ann", False)),
    ],
)
def test_nobody_confirms_alone_or_under_a_claimed_name(
    diary: Diary, first: tuple[str | None, bool], second: tuple[str | None, bool]
) -> None:
    for trace, (user, sure) in (("t1", first), ("t2", second)):
        diary.predicts(trace, "hello", "a")
        diary.corrects(trace, "b", user, sure=sure)

    assert told(folded(diary)) == [("hello", "b", "proposed")]


def test_users_who_contradict_each_other_are_quarantined_until_one_is_confirmed(
    diary: Diary,
) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b", "ann")
    diary.corrects("t1", "c", "bob")
    tie = diary.corrects("t1", "c", "eve", sure=False)
    diary.corrects("t1", "c", "dan")

    tied, decided = folded(diary, upto=tie), folded(diary)

    assert tied.rows == ()
    assert [f.check for f in tied.findings] == ["label_conflicts"] * 3
    assert "b, c" in tied.findings[0].problem.reason
    assert told(decided) == [("hello", "c", "confirmed")]
    assert decided.new_rows(tie) == 1


def test_gold_wins_over_any_number_of_users(diary: Diary) -> None:
    for user in ("ann", "bob"):
        diary.predicts(f"t-{user}", " HELLO ", "a")
        diary.corrects(f"t-{user}", "b", user)

    found = folded(diary, ("hello", "a"))

    assert told(found) == [("hello", "a", "gold")]
    assert found.superseded == 2


def test_copies_of_a_gold_row_count_once_and_are_noted(diary: Diary) -> None:
    found = folded(diary, ("hello", "a"), ("Hello ", "a"), ("bye", "b"))

    assert told(found) == [("hello", "a", "gold"), ("bye", "b", "gold")]
    assert [(note.check, note.problem.row) for note in found.notes] == [("exact_duplicates", 2)]
    assert found.findings == ()


def test_gold_rows_that_contradict_each_other_are_all_out_and_feedback_does_not_overrule_it(
    diary: Diary,
) -> None:
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b")

    found = folded(diary, ("hello", "a"), ("hello", "b"), ("hello", "a"), ("bye", "c"))

    assert told(found) == [("bye", "c", "gold")]
    assert [(f.check, f.problem.row) for f in found.findings] == [
        ("label_conflicts", row) for row in (1, 2, 3)
    ]


def test_findings_name_the_column_of_the_file(tmp_path: Path) -> None:
    rows = [{"question": "hi", "category": name} for name in "ab"]
    path = write_csv(tmp_path / "r.csv", rows)
    spec = make_spec(str(path), columns={"text": "question", "intent": "category"})

    found = fold(parse_gold(spec), (), upto=0)

    assert {f.problem.column for f in found.findings} == {"category"}


def test_the_holdouts_copy_stays_where_copies_ask_for_several_splits(tmp_path: Path) -> None:
    rows = [{"text": "hi", "intent": "a"}]
    train = {"path": str(write_csv(tmp_path / "train.csv", rows)), "split": "train"}
    test = {"path": str(write_csv(tmp_path / "test.csv", rows)), "split": "holdout"}

    found = fold(parse_gold(make_spec(train, test)), (), upto=0)

    assert [(row.source, row.split) for row in found.rows] == [("test.csv", "holdout")]
    assert [note.source for note in found.notes] == ["train.csv"]


def test_one_more_agreeing_user_changes_trust_and_version_but_not_the_wording(diary: Diary) -> None:
    diary.predicts("t1", "Hello", "a")
    before = diary.says("t1", "thumbs_up", "ann")
    diary.predicts("t2", "hello", "a")
    diary.says("t2", "thumbs_up", "bob")

    first, second = folded(diary, upto=before), folded(diary)

    assert told(second) == [("Hello", "a", "confirmed")]
    assert first.version != second.version


SAID = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([*INTENTS, "nonsense", None]),
        st.sampled_from(["ann", "bob", None]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(said=SAID)
def test_the_fold_is_pure_and_gives_each_input_one_valid_row(said: list[Any]) -> None:
    diary = Diary()
    for number in range(4):
        diary.predicts(f"t{number}", f"text {number % 3}", "a")
    for number, intent, user, sure in said:
        if intent is None:
            diary.says(f"t{number}", "thumbs_up", user, sure=sure)
        else:
            diary.corrects(f"t{number}", intent, user, sure=sure)

    found = folded(diary, ("text 0", "c"))
    again = fold(gold_of(("text 0", "c")), reversed(diary.entries), upto=10**6)

    assert found == again
    assert len({row.key for row in found.rows}) == len(found.rows)
    assert {row.labels["intent"] for row in found.rows} <= set(INTENTS)
    assert told(found)[0] == ("text 0", "c", "gold")
