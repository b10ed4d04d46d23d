"""Owns what the command says to bad input: an exit code, the value, the remedy, no traceback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support import tiny
from support.home import Finished, Home, Template

TURN = ("run", "data-flywheel", "--program", "desk.yaml")
ROWS = tiny.rows()
TRACE = f"tr-{0:032x}"
CLOSED = tiny.spec()["signature"] | {
    "outputs": {"desk": {"type": "literal", "values": list(tiny.LABELS)}}
}


@dataclass(frozen=True)
class Case:
    """One bad input: what is changed, what is run, with which code it ends, and what it says."""

    code: int
    says: tuple[str, ...]
    arguments: tuple[str, ...] = TURN
    data: str | bytes | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Home], Home] = lambda home: home


def _csv(rows: list[tuple[str, str]], header: str = "text,desk") -> str:
    return "\n".join([header, *(f'"{text}",{desk}' for text, desk in rows)])


def _without_data(home: Home) -> Home:
    (home.folder / "rows.csv").unlink()
    return home


def _under_a_file(home: Home) -> Home:
    # Permissions do not hold root back; a file where a folder has to be does.
    (home.folder / "file").write_text("no folder")
    return replace(home, path=home.folder / "file" / "home")


def _with_a_dead_server(home: Home) -> Home:
    return replace(home, prefect_url="http://127.0.0.1:9/api")


def _with_an_answer(home: Home) -> Home:
    payload = {"inputs": {"text": "a novel"}, "outputs": {"desk": "amber"}, "latency_ms": 1.0}
    workspace = home.opened()
    workspace.journal.append_prediction("desk", TRACE, payload, version=1)
    workspace.close()
    return home


BAD, FAILED, BLOCKED = 2, 1, 3
CASES = {
    "a-missing-file": Case(
        BAD, ("no data file", "rows.csv", "check the path"), prepare=_without_data
    ),
    "two-missing-files": Case(
        BAD,
        ("no data file", "june.csv", "july.csv: is not there, either"),
        spec={"dataset": {"sources": ["june.csv", "july.csv"]}},
    ),
    "a-wrong-encoding": Case(
        BAD,
        ("rows.csv is not UTF-8: byte 0xe9", "line 2", "iconv"),
        data="text,desk\nIs the café open,delta\n".encode("latin-1"),
    ),
    "a-missing-column": Case(
        BAD,
        ("desk: is no column of rows.csv", "unused columns: topic", "dataset.columns"),
        data=_csv(ROWS, header="text,topic"),
    ),
    "an-empty-file": Case(BAD, ("rows.csv is empty", "a header and at least one row"), data=""),
    "a-header-without-rows": Case(
        BLOCKED, ("blocked", "no row is left; give the dataset rows"), data=_csv([])
    ),
    "a-single-class": Case(
        BLOCKED,
        ("blocked", "every desk is 'amber', one class", "add rows of others"),
        data=_csv([row for row in ROWS if row[1] == "amber"]),
    ),
    "too-many-unknown-labels": Case(
        BLOCKED,
        ("blocked", "zebra", "is not an allowed value", "use one of the allowed values"),
        data=_csv(ROWS[:12] + [(text, "zebra") for text, _ in ROWS[12:]]),
        spec={"signature": CLOSED},
    ),
    "an-unknown-key": Case(
        BAD, ("desk.yaml", "optimiser", "did you mean 'optimizer'?"), spec={"optimiser": "auto"}
    ),
    "an-unknown-optimizer": Case(
        BAD,
        ("optimizer: is no optimizer", "'random_serch'", "did you mean 'random_search'?"),
        spec={"optimizer": "random_serch"},
    ),
    "an-unknown-model": Case(
        BAD, ("no model 'nosuch'", "dspyui model list"), ("predict", "nosuch", "-i", "text=hello")
    ),
    "an-unknown-trace": Case(
        BAD,
        (f"no trace '{TRACE}'", "use the trace id that came back"),
        ("feedback", "add", TRACE, "--rating", "thumbs_up"),
    ),
    "a-rating-outside-the-two": Case(
        BAD,
        ("is not a rating", "'five stars'", "use thumbs_up or thumbs_down"),
        ("feedback", "add", TRACE, "--rating", "five stars"),
        prepare=_with_an_answer,
    ),
    "a-home-that-cannot-be-written": Case(
        FAILED, ("/file/home cannot be written", "set DSPYUI_HOME to"), prepare=_under_a_file
    ),
    "a-dead-prefect-server": Case(
        FAILED,
        ("http://127.0.0.1:9/api", "does not answer", "unset PREFECT_API_URL"),
        prepare=_with_a_dead_server,
    ),
}
Told = Callable[[str], Finished]


@pytest.fixture(scope="module")
def told(template: Template, side_by_side: Callable[..., Told]) -> Told:
    """What the command said, by case."""
    return side_by_side(partial(_told, template), CASES)


def _told(template: Template, name: str, folder: Path) -> Finished:
    case = CASES[name]
    home = template.copy(folder, **case.spec)
    if case.data is not None:
        content = case.data if isinstance(case.data, bytes) else case.data.encode()
        (home.folder / "rows.csv").write_bytes(content)
    return case.prepare(home).dspyui(*case.arguments)


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_told_with_the_value_and_the_remedy(told: Told, case: str) -> None:
    finished = told(case)

    assert finished.code == CASES[case].code, finished.stderr
    # Reports are laid out in tables, which may break a line anywhere.
    said = " ".join(f"{finished.stdout} {finished.stderr}".split())
    assert [words for words in CASES[case].says if words not in said] == []
    assert "Traceback" not in finished.stderr
