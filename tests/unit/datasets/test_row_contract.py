from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core.datasets import fold, parse_gold
from dspyui_core.datasets.contract.damage import damage_in, is_invisible
from dspyui_core.datasets.contract.row_contract import RowContract, excerpt
from dspyui_core.datasets.contract.rules import estimated_tokens, rules_of
from dspyui_core.datasets.contract.schema import RowSchema
from dspyui_core.spec import ProgramSpec
from support.planting import SIGNATURE, clean_rows, planted
from unit.datasets.helpers import SMALL, Diary, make_spec, write_csv

LABEL = {"type": "literal", "values": ["a", "b"]}
INPUTS = {"text": "str", "note": {"type": "str", "optional": True}}
OUTPUTS = {
    "label": LABEL,
    "stars": "int",
    "share": {"type": "float", "optional": True},
    "tags": {"type": "list", "items": "str", "optional": True},
    "facts": {"type": "object", "fields": {"who": "str", "sure": "bool"}, "optional": True},
}
SOUND = {"text": "hello", "label": "a", "stars": "3"}


def spec_with(**checks: Any) -> ProgramSpec:
    return make_spec(inputs=INPUTS, outputs=OUTPUTS, checks={**SMALL, **checks})


def told(reading: Any) -> list[tuple[str, str]]:
    return [(problem.column, problem.reason) for problem in reading.problems]


@pytest.mark.parametrize("kind", ["blank", "damage", "invisible", "label", "length", "type"])
def test_every_planted_row_is_quarantined_with_its_remedy_and_no_clean_one(
    tmp_path: Path, kind: str
) -> None:
    defects = planted(clean_rows(400), kind, 60, seed=3)
    path = write_csv(tmp_path / "r.csv", defects.rows)

    gold = parse_gold(make_spec(str(path), **SIGNATURE))

    assert {finding.problem.row for finding in gold.quarantined} == defects.where
    assert {row.data_row for row in gold.rows} == {*range(1, 401)} - defects.where
    assert all(finding.problem.remedy for finding in gold.quarantined)


def test_every_column_with_a_problem_is_named_and_each_once() -> None:
    cells = {**SOUND, "text": "caf\ufffd\0", "note": "x" * 30, "stars": "two", "label": "zzz"}

    reading = RowContract(spec_with(max_characters=20)).read(cells)

    assert [column for column, _ in told(reading)] == ["text", "note", "label", "stars"]
    assert all(problem.remedy for problem in reading.problems)


def test_a_row_of_typed_values_has_one_problem_for_each_column() -> None:
    cells = {**SOUND, "text": "\0" + "x" * 30, "note": "caf\ufffd"}
    contract = RowContract(spec_with(max_characters=20))

    assert told(contract.read(cells)) == told(contract.read_all([SOUND, cells, SOUND])[1])
    assert [column for column, _ in told(contract.read(cells))] == ["text", "note"]


ODD_TEXT = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["a", "b", "3", "0.5", "café", "\ud800", "\u200b", "x" * 21, "[]", '["\0"]']),
    st.sampled_from(['["a", "b"]', '{"who": "me", "sure": true}', '{"who": "\ufffd", "sure": 1}']),
)
ODD = st.one_of(
    ODD_TEXT,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.lists(ODD_TEXT, max_size=3),
    st.fixed_dictionaries({"who": ODD_TEXT, "sure": st.booleans()}),
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries({}, optional=dict.fromkeys([*INPUTS, *OUTPUTS], ODD)), max_size=6
    )
)
def test_a_row_is_judged_alone_as_among_others(rows: list[dict[str, Any]]) -> None:
    contract = RowContract(spec_with(max_characters=20, max_tokens=4))
    rows = [row if place % 2 else {**SOUND, **row} for place, row in enumerate(rows)]

    together = contract.read_all([*rows, SOUND])

    assert [repr(reading) for reading in together[:-1]] == [
        repr(contract.read(row)) for row in rows
    ]
    assert together[-1].problems == ()


def test_the_schema_refuses_values_of_other_types_and_changes_none() -> None:
    spec = spec_with()
    rules = rules_of(spec.signature.inputs, spec.signature.outputs, spec.dataset.checks)
    sound = {"text": "t", "note": None, "label": "a", "stars": 3, "share": None}
    sound |= {"tags": ["x"], "facts": {"who": "me", "sure": True}}
    wrong = [
        {"text": 5},
        {"text": None},
        {"label": "z"},
        {"stars": 1.7},
        {"stars": True},
        {"share": 1},
        {"tags": ["x", 2]},
        {"facts": {"who": "me", "sure": "False"}},
        {"stars": 10**30},
    ]
    rows = [{**sound, **change} for change in wrong]

    found = RowSchema(rules).judge([sound, *rows])

    assert {place: [p.column for p in problems] for place, problems in found.items()} == {
        place: list(change) for place, change in enumerate(wrong[:-1], 1)
    }
    assert rows[3]["stars"] == 1.7


def test_the_limit_on_tokens_is_about_all_inputs_of_a_row() -> None:
    contract = RowContract(spec_with(max_tokens=10))
    long = {**SOUND, "text": "x" * 30, "note": "y" * 20}

    assert told(contract.read(long)) == [
        ("(row)", "has about 13 tokens in its inputs, more than 10")
    ]
    assert contract.read({**long, "note": ""}).problems == ()
    assert estimated_tokens({"a": "日本"}) == 2


def test_limits_can_be_raised_and_damage_let_through() -> None:
    cells = {**SOUND, "text": "caf\ufffd" * 6_000}

    strict, lax = spec_with(), spec_with(max_characters=100_000, refuse_damaged=False)

    assert "24,000 characters, more than 20,000" in told(RowContract(strict).read(cells))[0][1]
    assert RowContract(lax).read(cells).problems == ()


def test_half_a_character_is_refused_even_where_damage_may_pass() -> None:
    contract = RowContract(spec_with(refuse_damaged=False))

    for cells in ({**SOUND, "text": "\ud800"}, {**SOUND, "tags": ["ok", "\udc00"]}):
        assert [reason for _, reason in told(contract.read(cells))] == ["is no valid Unicode"]


def test_feedback_goes_through_the_same_contract(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"text": "t", "intent": "a"}])
    diary = Diary()
    diary.predicts("t1", "it\u00e2\u20ac\u2122s mine", "a")
    diary.says("t1", "thumbs_up")
    diary.predicts("t2", "y" * 25_000, "a")
    diary.says("t2", "thumbs_up", "bob")

    found = fold(parse_gold(make_spec(str(path))), diary.entries, upto=9)

    reasons = {finding.trace_id: finding.problem.reason for finding in found.findings}
    assert "read as Windows-1252" in reasons["t1"]
    assert "25,000 characters" in reasons["t2"]
    assert [row.trust for row in found.rows] == ["gold"]


WORDS = (
    "café über niño £5 20° “quoted” it’s São Ärger Öl Übung ßa Élan É. ê î ô ã õ å ø æ ¿qué "
    "€ ™ 日本語 Привет שלום مرحبا 😀"
)


@pytest.mark.parametrize("word", WORDS.split())
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_text_that_was_read_in_the_wrong_encoding_is_damaged_and_the_right_one_is_not(
    word: str, encoding: str
) -> None:
    try:
        misread = word.encode().decode(encoding)
    except UnicodeDecodeError:
        pytest.skip("this encoding has no character for one of its bytes")

    assert damage_in(f"say {misread} now")
    assert damage_in(f"say {word} now") is None


@pytest.mark.parametrize(
    "text",
    [
        "Spaß“ und Gruß… „Größe“",
        "« À CAFÉ» ÉTÉ’S",
        "IRMÃ” disse, MANHÃ– sim, SÃO PAULO NÃO",
        "naïve façade, crème brûlée… garçon’s",
        "ДА “НЕТ” Привет",
        "one\ttab\r\nline\x0bfeed\x0c",
        "👩\u200d👧 ✓ \u00adsoft",
    ],
)
def test_accents_beside_quotes_dashes_and_blanks_are_no_damage(text: str) -> None:
    assert damage_in(text) is None
    assert not is_invisible(text)


def test_damage_is_told_with_its_place() -> None:
    assert damage_in("ab\0") == "holds the control character U+0000 at character 3"
    assert damage_in("x\ufffd") == (
        "holds U+FFFD, which stands for a lost character, at character 2"
    )


def test_no_more_of_a_value_is_kept_than_a_report_shows() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]

    assert excerpt("x" * 1_000_000) == "x" * 200 + "…"
    assert excerpt(["x" * 1_000]) == json.dumps(["x" * 1_000])[:200] + "…"
    assert excerpt(["x"]) == ["x"]
    assert "too deep" in excerpt(deep)
    assert excerpt(10**5_000) == "a whole number of 16,610 bits"
