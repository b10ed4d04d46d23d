"""Import: what a file says is in the journal once, whole, and as its writer meant it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from dspyui_core.data_exporter import DataExporter
from dspyui_core.errors import DatasetError, FeedbackError
from dspyui_core.feedback import FeedbackService, Imported, importing
from dspyui_core.fields import Field
from dspyui_core.store.erasing import erase
from dspyui_core.store.journal import Journal
from dspyui_core.store.watermarks import Watermarks
from unit.feedback.conftest import output_fields

Import = Callable[..., Imported]
Said = tuple[str, str | None, Any, Any]


@pytest.fixture
def importing_of(service: FeedbackService, tmp_path: Path) -> Import:
    """Import these lines of a file."""

    def run(*lines: str, name: str = "said.csv", **options: Any) -> Imported:
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return service.import_feedback(tmp_path / name, **options)

    return run


def heard(journal: Journal) -> list[Said]:
    """What was said, in order: on which trace, by whom, the rating and the correction."""
    return [
        (
            entry.trace_id,
            entry.user_id,
            "back" if entry.payload.get("retracted") else entry.payload["rating"],
            entry.payload.get("corrected_output"),
        )
        for entry in journal.since(0, kind="feedback")
    ]


def counts(done: Imported) -> tuple[int, int, int, int, int]:
    return done.rows, done.recorded, done.repeated, done.stale, done.retracted


def problems_of(caught: pytest.ExceptionInfo[FeedbackError]) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


CSV = (
    "trace_id,user_id,rating,comment,corrected.topic,corrected.level,retracted",
    "tr-1,ann,thumbs_down,no,delivery,3,",
    "tr-1,,thumbs_up,,,,false",
    "s-1,ben,,,billing,,",
    "tr-1,ann,,,,,TRUE",
)
JSONL = (
    {
        "trace_id": "tr-1",
        "user_id": "ann",
        "rating": "thumbs_down",
        "comment": "no",
        "corrected_output": {"level": 3, "topic": "delivery"},
    },
    {"trace_id": "tr-1", "rating": "thumbs_up", "user_id": None, "comment": " "},
    {"trace_id": "s-1", "user_id": "ben", "corrected_output": "billing"},
    {"trace_id": "tr-1", "user_id": "ann", "retracted": True},
)


def test_a_row_says_what_its_cells_say(importing_of: Import, journal: Journal) -> None:
    done = importing_of(*CSV)

    assert counts(done) == (4, 4, 0, 0, 1)
    assert heard(journal) == [
        ("tr-1", "ann", "thumbs_down", {"topic": "delivery", "level": 3}),
        ("tr-1", None, "thumbs_up", None),
        ("s-1", "ben", None, {"topic": "billing"}),
        ("tr-1", "ann", "back", None),
    ]
    assert [e.payload.get("comment") for e in journal.since(0, kind="feedback")][:2] == ["no", None]


def test_the_same_content_in_another_format_is_a_repeat(
    importing_of: Import, service: FeedbackService, tmp_path: Path
) -> None:
    importing_of(*CSV)

    assert importing_of(*map(json.dumps, JSONL), name="said.jsonl").repeated == 4
    pd.DataFrame(JSONL[2:3]).to_parquet(tmp_path / "said.parquet")
    assert service.import_feedback(tmp_path / "said.parquet").repeated == 1
    text = (tmp_path / "said.csv").read_text()
    (tmp_path / "said.tsv").write_text("﻿" + text.replace(",", "\t"), encoding="utf-8")
    assert service.import_feedback(tmp_path / "said.tsv").repeated == 4


def test_a_dry_run_counts_the_same_and_writes_nothing(
    importing_of: Import, service: FeedbackService, journal: Journal, tmp_path: Path
) -> None:
    (tmp_path / "plan.csv").write_text("\n".join(CSV))
    planned = service.check_import(tmp_path / "plan.csv")

    assert journal.count(kind="feedback") == 0
    assert counts(planned) == counts(importing_of(*CSV))


WRONG = (
    "trace_id,rating,user_id,comment,corrected.topic,corrected.level,corrected.nothing,retracted",
    "tr-1,thumbs-up,ann,,,,,",
    ",thumbs_up,,,,,,",
    "tr-7,thumbs_up,,,,,,",
    "tr-1,,,only a comment,,,,",
    "tr-1,thumbs_down,,,refund,high,,",
    "s-1,,,,,3,,",
    "tr-1,,zoe,,,,,true",
    "tr-1,thumbs_up",
    f"tr-1,thumbs_up,{'u' * 201},,,,,",
    "tr-1,thumbs_up,,,,,,perhaps",
    "tr-2,thumbs_up,ann,,,,,",
    "tr-2,thumbs_up,ann,,delivery,,,true",
)


def test_every_problem_of_every_row_is_told_at_once_and_nothing_is_recorded(
    importing_of: Import, journal: Journal
) -> None:
    with pytest.raises(FeedbackError, match="has 12 problems; nothing was recorded") as caught:
        importing_of(*WRONG)

    assert [(problem.row, problem.column) for problem in caught.value.problems] == [
        (1, "rating"),
        (2, "trace_id"),
        (3, "trace_id"),
        (4, "rating"),
        (5, "corrected.topic"),
        (5, "corrected.level"),
        (6, "corrected.level"),
        (7, "retracted"),
        (8, "(row)"),
        (9, "user_id"),
        (10, "retracted"),
        (12, "retracted"),
    ]
    told = "\n".join(problems_of(caught))
    assert "row 5, corrected.topic: is not an allowed value (found 'refund')" in told
    assert "use one of: billing, delivery" in told
    assert "row 6, corrected.level: is no output; outputs: topic" in told
    assert journal.count(kind="feedback") == 0


def test_a_wrong_row_in_a_later_part_of_the_file_stops_the_earlier_ones(
    importing_of: Import, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)

    with pytest.raises(FeedbackError, match="has a problem"):
        importing_of("trace_id,rating", *["tr-1,thumbs_up"] * 4, "tr-1,up")

    assert journal.count(kind="feedback") == 0


def test_an_unknown_column_is_refused_with_what_was_meant(importing_of: Import) -> None:
    with pytest.raises(FeedbackError) as caught:
        importing_of("trace_id,rating,coment,corected.topic", "tr-1,thumbs_up,x,delivery")

    assert "did you mean 'comment'?" in problems_of(caught)[0]
    assert "did you mean 'corrected.topic'?" in problems_of(caught)[1]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("trace,rating", "did you mean 'trace'?"),
        ("trace_id,rating,rating", "rating: is there twic"),
    ],
)
def test_a_header_that_cannot_be_right_is_refused(
    header: str, told: str, importing_of: Import
) -> None:
    with pytest.raises(FeedbackError) as caught:
        importing_of(header, "tr-1,thumbs_up,thumbs_up")

    assert told in problems_of(caught)[0]


def test_a_file_of_another_kind_is_refused(importing_of: Import) -> None:
    with pytest.raises(DatasetError, match=r"ending '\.txt'"):
        importing_of("trace_id", name="said.txt")


def test_a_file_without_rows_says_nothing(importing_of: Import) -> None:
    assert counts(importing_of("trace_id,rating")) == (0, 0, 0, 0, 0)
    assert counts(importing_of(name="said.jsonl")) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("value", ['"delivery"', '{"topic": "delivery"}'])
def test_the_value_of_the_only_output_needs_no_name(
    value: str, importing_of: Import, journal: Journal
) -> None:
    importing_of(f'{{"trace_id": "s-1", "corrected_output": {value}}}', name="said.jsonl")

    assert heard(journal) == [("s-1", None, None, {"topic": "delivery"})]


def test_an_object_that_is_the_only_output_needs_no_name(journal: Journal, tmp_path: Path) -> None:
    parts = (Field(name="street"), Field(name="number", type="int"))
    address = (Field(name="address", type="object", fields=parts),)
    (tmp_path / "said.csv").write_text(
        'trace_id,corrected_output\ns-1,"{""street"": ""Elm"", ""number"": 4}"\n'
    )

    FeedbackService(journal, output_fields=lambda _: address).import_feedback(tmp_path / "said.csv")

    assert heard(journal)[0][3] == {"address": {"street": "Elm", "number": 4}}


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("tr-1,delivery,", "corrected_output: names no output"),
        ('tr-1,"{""topic"": x}",', "corrected_output: is malformed JSON"),
        ('tr-1,"{""topic"": ""delivery""}",billing', "said together with corrected.topic"),
    ],
)
def test_a_correction_that_cannot_be_understood_is_refused(
    cells: str, told: str, importing_of: Import
) -> None:
    with pytest.raises(FeedbackError) as caught:
        importing_of("trace_id,corrected_output,corrected.topic", cells)

    assert told in problems_of(caught)[0]


def test_a_version_is_asked_for_its_outputs_once(journal: Journal, tmp_path: Path) -> None:
    asked: list[str] = []
    fields = lambda answer: asked.append(answer.trace_id) or output_fields(answer)  # noqa: E731
    rows = [f"{trace},delivery" for trace in ("tr-1", "tr-2", "s-1", "s-2") for _ in range(5)]
    (tmp_path / "said.csv").write_text("\n".join(["trace_id,corrected.topic", *rows]))

    FeedbackService(journal, output_fields=fields).import_feedback(tmp_path / "said.csv")

    assert len(asked) == 2


def test_a_key_of_ones_own_counts_across_files_and_calls(
    importing_of: Import, service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann", idempotency_key="k1")

    done = importing_of(
        "trace_id,user_id,rating,idempotency_key",
        "tr-1,ann,thumbs_up,k1",
        "tr-1,ann,thumbs_up,k2",
        "tr-1,ann,thumbs_up,k2",
    )

    assert counts(done) == (3, 1, 2, 0, 0)
    assert journal.count(kind="feedback") == 2


def test_a_key_of_ones_own_is_not_used_for_two_things(
    importing_of: Import, service: FeedbackService, journal: Journal
) -> None:
    service.record_feedback("tr-1", "thumbs_up", user_id="ann", idempotency_key="k1")

    with pytest.raises(FeedbackError) as caught:
        importing_of(
            "trace_id,user_id,rating,idempotency_key",
            "tr-1,ann,thumbs_down,k1",
            "tr-1,ann,thumbs_up,k2",
            "tr-2,ann,thumbs_up,k2",
        )

    assert [str(problem).split(";")[0] for problem in caught.value.problems] == [
        "row 1, idempotency_key: was used at position 6 for something else (found 'k1')",
        "row 3, idempotency_key: is that of row 2, which says something else (found 'k2')",
    ]
    assert journal.count(kind="feedback") == 1


UP, DOWN = "tr-1,ann,thumbs_up", "tr-1,ann,thumbs_down"
HEADER = "trace_id,user_id,rating"


def test_who_says_one_thing_then_another_then_the_first_again_says_three(
    importing_of: Import, journal: Journal
) -> None:
    first = importing_of(HEADER, UP, UP, DOWN, UP)
    again = importing_of(HEADER, UP, UP, DOWN, UP)

    assert (counts(first), counts(again)) == ((4, 3, 1, 0, 0), (4, 0, 4, 0, 0))
    assert [rating for _, _, rating, _ in heard(journal)] == [
        "thumbs_up",
        "thumbs_down",
        "thumbs_up",
    ]


def test_a_row_that_its_user_has_overtaken_is_told_and_not_silently_dropped(
    importing_of: Import, journal: Journal
) -> None:
    importing_of(HEADER, UP)
    importing_of(HEADER, DOWN)

    third = importing_of(HEADER, "tr-2,ann,thumbs_up", UP)
    keyed = importing_of(f"{HEADER},idempotency_key", f"{UP},monday")

    assert counts(third) == (2, 1, 0, 1, 0)
    assert third.stale_rows == (2,)
    assert keyed.recorded == 1
    assert heard(journal)[-1][2] == "thumbs_up"


def test_earlier_rows_of_one_user_are_not_stale_for_later_ones_of_the_file(
    importing_of: Import,
) -> None:
    importing_of(HEADER, UP, DOWN)

    assert counts(importing_of(HEADER, UP, DOWN)) == (2, 0, 2, 0, 0)
    assert counts(importing_of(HEADER, UP, DOWN, UP)) == (3, 1, 2, 0, 0)


def test_the_same_words_of_an_authenticated_user_are_of_another(
    importing_of: Import, journal: Journal
) -> None:
    importing_of(HEADER, UP, "tr-1,,thumbs_up")

    assert counts(importing_of(HEADER, UP, "tr-1,,thumbs_up", authenticated=True))[1:3] == (1, 1)
    assert [entry.authenticated for entry in journal.since(0, kind="feedback")] == [
        False,
        False,
        True,
    ]


def test_an_interrupted_import_goes_on_where_it_stopped(
    importing_of: Import, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    append, done = Journal.append, []

    def interrupted(self: Journal, new: Any) -> Any:
        done.append(new)
        if len(done) == 2:
            raise KeyboardInterrupt
        return append(self, new)

    rows = [HEADER, *(f"tr-1,user-{n},thumbs_up" for n in range(5))]
    monkeypatch.setattr(Journal, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        importing_of(*rows)

    assert journal.count(kind="feedback") == 2
    assert counts(importing_of(*rows)) == (5, 3, 2, 0, 0)
    assert journal.count(kind="feedback") == 5


def test_what_was_forgotten_is_not_recorded_again(
    importing_of: Import, journal: Journal, engine: Engine
) -> None:
    rows = (HEADER, UP, "s-1,ann,thumbs_up")
    importing_of(*rows)
    erase(engine, traces=["tr-1"], positions=[7], kind="user", subject="x", actor="y", counts={})

    assert counts(importing_of(*rows)) == (2, 0, 2, 0, 0)
    assert journal.count(kind="feedback") == 0


@pytest.fixture
def exported(journal: Journal, engine: Engine, tmp_path: Path) -> Callable[[str, str], Path]:
    """A program's feedback in a file of this format."""

    def run(program: str, format: str = "csv") -> Path:
        pieces = DataExporter(journal, Watermarks(engine)).export_streaming(program, format=format)
        path = tmp_path / f"exported.{format}"
        path.write_text("".join(pieces), encoding="utf-8")
        return path

    return run


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_exported_file_says_nothing_new(
    format: str, service: FeedbackService, exported: Callable[..., Path]
) -> None:
    service.record_feedback("tr-1", "thumbs_down", {"topic": "delivery"}, "=1+1", "@ann")
    service.record_feedback("tr-2", None, {"level": 7}, "'-x")
    service.record_feedback("tr-2", "thumbs_up", user_id="ben")
    path = exported("tiny", format)
    service.retract_feedback("tr-2", "ben")

    assert counts(service.import_feedback(path)) == (3, 0, 3, 0, 0)


def test_a_correction_filled_in_beside_an_exported_row_is_recorded(
    service: FeedbackService, exported: Callable[..., Path], journal: Journal
) -> None:
    for trace in ("tr-1", "tr-2"):
        service.record_feedback(trace, "thumbs_down", None, "=1+1", "@ann")
    table = pd.read_csv(exported("tiny"), dtype=str, keep_default_na=False)
    table["corrected.topic"] = ["", "delivery"]
    table["rating"] = ["thumbs_up", "thumbs_down"]
    path = exported("tiny")
    table.to_csv(path, index=False)

    assert counts(service.import_feedback(path)) == (2, 2, 0, 0, 0)
    assert heard(journal)[2:] == [
        ("tr-1", "@ann", "thumbs_up", None),
        ("tr-2", "@ann", "thumbs_down", {"topic": "delivery"}),
    ]
    assert [e.payload["comment"] for e in journal.since(0, kind="feedback")] == ["=1+1"] * 4


def test_an_exported_row_that_was_forgotten_is_not_recorded_again(
    service: FeedbackService, exported: Callable[..., Path], journal: Journal, engine: Engine
) -> None:
    said = service.record_feedback("tr-1", "thumbs_down", user_id="ann")
    path = exported("tiny")
    erase(
        engine,
        traces=[],
        positions=[said.position],
        kind="user",
        subject="ann",
        actor="y",
        counts={},
    )

    assert counts(service.import_feedback(path)) == (1, 0, 1, 0, 0)
    assert journal.count(kind="feedback") == 0


def test_a_field_with_one_of_our_names_keeps_it_in_an_exported_file(
    service: FeedbackService, exported: Callable[..., Path], journal: Journal
) -> None:
    service.record_feedback("r-1", "thumbs_down", {"rating": 4}, "low", "ann")
    path = exported("rater")
    assert "feedback_rating" in path.read_text()
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["corrected.rating"] = "3"
    table.to_csv(path, index=False)

    service.import_feedback(path)

    assert heard(journal)[1] == ("r-1", "ann", "thumbs_down", {"rating": 3})
    assert list(journal.since(0, kind="feedback"))[1].payload["comment"] == "low"
