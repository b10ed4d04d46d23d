"""Owns the first hour: from one's own CSV to a promoted version in five commands, and each slip."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from support.home import ROOT, Finished, Home, Template

# A florist's inbox: what is written, by which desk it is answered.
OPENINGS = ("Hello,", "Hi there,", "Good morning,", "Dear shop,", "Please help:", "Excuse me,")
REQUESTS = {
    "rose": (
        "my bouquet has not been delivered to {}",
        "the courier left the flowers with somebody in {}",
        "when does the van come to {}",
        "nobody rang the bell in {} and the lilies are gone",
    ),
    "tulip": (
        "you charged my card twice for the wreath to {}",
        "I need an invoice with VAT for the order in {}",
        "the refund for the cancelled basket in {} is missing",
        "why was the voucher refused when I paid from {}",
    ),
    "fern": (
        "how often do I water the orchid you sold in {}",
        "the leaves of my ficus turn yellow here in {}",
        "which soil suits a lemon tree on a balcony in {}",
        "there are small flies around the cactus I bought in {}",
    ),
}
TOWNS = ("Leiden", "Gouda", "Delft", "Zwolle", "Breda", "Venlo", "Assen", "Hoorn")
ENDINGS = (
    "It was meant for my grandmother's birthday.",
    "Can somebody phone me back this afternoon?",
    "I have been a customer since you opened.",
    "My neighbour had exactly the same last spring.",
    "No idea what else I could try, honestly.",
    "The website only shows me an error page.",
    "Thanks in advance, Pieter",
    "This is the second time within a fortnight!",
)
Rows = Sequence[Sequence[str]]
HEADER = ("order id", "Message", "desk")


def inbox() -> Rows:
    """96 messages of three desks, 32 each, as a shop would export them."""
    return [
        (f"F-{number}", f"{OPENINGS[number % 6]} {request.format(town)}. {ending}", desk)
        for number, (town, ending, desk, request) in enumerate(
            (town, ending, desk, request)
            for town, ending in zip(TOWNS, ENDINGS, strict=True)
            for desk, requests in REQUESTS.items()
            for request in requests
        )
    ]


def written(path: Path, rows: Rows, *, header: Sequence[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


@pytest.fixture
def shop(template: Template, tmp_path: Path) -> Home:
    """A prepared home, and a folder with nothing but the shop's export."""
    home = template.copy(tmp_path / "prepared")
    folder = tmp_path / "shop"
    folder.mkdir()
    written(folder / "inbox.csv", inbox())
    return replace(home, folder=folder)


def said(finished: Finished) -> str:
    """All that a person reads; tables and wraps may break a line anywhere."""
    assert "Traceback" not in finished.stderr
    return " ".join(f"{finished.stdout} {finished.stderr}".split())


def missing(words: Iterable[str], finished: Finished) -> list[str]:
    text = said(finished)
    return [part for part in words if part not in text]


def test_five_commands_lead_from_a_csv_to_a_correction_of_a_promoted_version(shop: Home) -> None:
    first = shop.dspyui("init", "inbox.csv", "--name", "florist")
    assert first.code == 0, first.stderr
    assert not missing(
        ("one of 3", "fern (32), rose (32), tulip (32)", "order id it only tells the rows apart"),
        first,
    )
    commands = first.stdout.partition("next:")[2].strip().splitlines()

    _, check, turn, ask, correct = (command.split()[1:] for command in commands)
    checked = shop.dspyui(*check)
    assert checked.code == 0, said(checked)

    turned = shop.dspyui(*turn)
    assert turned.code == 0, said(turned)
    assert "promoted" in turned.stdout

    ask[-1] = "Message=Hello, the courier never came to Delft"
    answer = shop.dspyui(*ask)
    trace = re.search(r"trace (tr-\w+), version 1", answer.stdout)
    assert trace is not None, said(answer)

    correct[correct.index("TRACE")] = trace[1]
    corrected = shop.dspyui(*correct[:-1], "desk=rose", "--user", "ana")
    assert corrected.code == 0, said(corrected)
    assert [verdict for verdict, _ in shop.decisions()] == ["promote"]


def test_the_drafted_spec_passes_both_checks_and_the_data_is_not_touched(shop: Home) -> None:
    before = (shop.folder / "inbox.csv").read_bytes()

    made = shop.dspyui("init", "inbox.csv", "--json")

    assert made.json["written"] == ["programs/inbox.yaml", ".gitignore"]
    assert made.json["dataset"]["verdict"] != "blocked"
    assert shop.dspyui("program", "check", "programs/inbox.yaml").code == 0
    assert (shop.folder / "inbox.csv").read_bytes() == before


SLIPS = {
    "no-such-file": (("inbox.cvs",), ("no data file inbox.cvs", "check the path")),
    "a-wrong-column": (
        ("inbox.csv", "--label", "dest"),
        ("--label: is no column of inbox.csv (found 'dest')", "did you mean 'desk'?"),
    ),
    "no-such-class": (
        ("inbox.csv", "--program-class", "florist:Sorter"),
        ("cannot import python:florist:Sorter", "check the name"),
    ),
    "a-wrong-name": (
        ("inbox.csv", "--name", "My Shop"),
        ("'My Shop' is no name for a program", "my-shop"),
    ),
    "an-empty-file": (("empty.csv",), ("empty.csv is empty", "a header and at least one row")),
    "not-utf-8": (("latin.csv",), ("latin.csv is not UTF-8", "line 2", "iconv")),
    "a-header-twice": (
        ("twice.csv",),
        ("twice.csv has several columns named 'desk'", "its own name"),
    ),
    "one-column": (("single.csv",), ("single.csv has no column left for an input", "add a column")),
    "another-ending": (("inbox.xlsx",), ("'.xlsx', which is not read here", ".csv, .json")),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_what_to_do_and_leaves_nothing(tmp_path: Path, slip: str) -> None:
    arguments, words = SLIPS[slip]
    folder = tmp_path / "shop"
    folder.mkdir()
    written(folder / "inbox.csv", inbox())
    written(folder / "twice.csv", inbox(), header=("desk", "Message", "desk"))
    written(folder / "single.csv", [(row[1],) for row in inbox()], header=("Message",))
    (folder / "empty.csv").write_bytes(b"")
    (folder / "inbox.xlsx").write_bytes(b"PK")
    (folder / "latin.csv").write_bytes("Message,desk\nIs the café open,rose\n".encode("latin-1"))
    before = sorted(path.name for path in folder.iterdir())

    finished = Home(tmp_path / "home", folder).dspyui("init", *arguments)

    assert finished.code == 2, finished.stderr
    assert not missing(words, finished)
    assert sorted(path.name for path in folder.iterdir()) == before


THIN = {
    "too-few-rows": (
        inbox()[:12],
        ("blocked", "needs 20: add rows, or lower dataset.checks.minimum_holdout", "stops here"),
    ),
    "a-class-with-one-row": (
        [*inbox(), ("F-999", "do you sell garden gnomes", "gnome")],
        ("warn", "gnome (1)", "under 2 rows of desk gnome", "add rows of them"),
    ),
    "one-class-only": (
        [row for row in inbox() if row[2] == "rose"],
        ("blocked", "every desk is 'rose', one class: nothing to learn; add rows of others"),
    ),
}


@pytest.mark.parametrize("case", THIN)
def test_what_the_data_lacks_is_told_at_once_with_what_to_add(tmp_path: Path, case: str) -> None:
    rows, words = THIN[case]
    written(tmp_path / "inbox.csv", rows)

    made = Home(tmp_path / "home", tmp_path).dspyui("init", "inbox.csv", "--label", "desk")

    assert made.code == 0, made.stderr
    assert not missing(words, made)


def test_a_spec_is_not_overwritten_without_force(tmp_path: Path) -> None:
    written(tmp_path / "inbox.csv", inbox())
    home = Home(tmp_path / "home", tmp_path)
    assert home.dspyui("init", "inbox.csv").code == 0
    spec = tmp_path / "programs" / "inbox.yaml"
    spec.write_text("mine", encoding="utf-8")

    again = home.dspyui("init", "inbox.csv")

    assert again.code == 2
    assert not missing(("programs/inbox.yaml: exists already", "--force"), again)
    assert spec.read_text(encoding="utf-8") == "mine"
    assert home.dspyui("init", "inbox.csv", "--force").code == 0
    assert spec.read_text(encoding="utf-8") != "mine"


def test_a_dry_run_shows_the_spec_and_writes_nothing(tmp_path: Path) -> None:
    written(tmp_path / "inbox.csv", inbox())

    shown = Home(tmp_path / "home", tmp_path).dspyui("init", "inbox.csv", "--dry-run")

    assert shown.code == 0, shown.stderr
    assert not missing(("not written", "Message: str", "#columns: {}"), shown)
    assert [path.name for path in tmp_path.iterdir()] == ["inbox.csv"]


def test_another_folder_gets_the_workspace_and_reads_the_data_where_it_is(shop: Home) -> None:
    made = shop.dspyui("init", "inbox.csv", "--out", "desk", "--json")

    assert made.code == 0, made.stderr
    assert made.json["next"][0] == "cd desk"
    moved = replace(shop, folder=shop.folder / "desk")
    assert moved.dspyui(*made.json["next"][2].split()[1:]).code == 0


def test_a_missing_key_is_named_by_init_the_doctor_and_the_check_and_before_a_server_starts(
    shop: Home,
) -> None:
    key = {"OPENAI_API_KEY": ""}
    init = shop.dspyui("init", "inbox.csv", "--lm", "openai/gpt-4o-mini", **key)
    doctor = shop.dspyui("doctor", "--program", "programs/inbox.yaml", **key)

    check = shop.dspyui("program", "check", "programs/inbox.yaml", **key)
    started = ("run", "data-flywheel", "--program", "programs/inbox.yaml")

    turn = shop.alone().dspyui(*started, **key)

    assert (init.code, doctor.code, check.code, turn.code) == (0, 1, 0, 1)
    for finished in (init, doctor, check, turn):
        assert not missing(("OPENAI_API_KEY is not in the environment", "export"), finished)
    assert "starting a Prefect server" not in turn.stderr
    assert shop.turns() == []


def test_the_doctor_of_a_fresh_machine_finds_nothing_wrong_and_makes_nothing(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home", tmp_path)

    told = home.dspyui("doctor", "--json")

    assert told.code == 0, told.stdout
    assert {finding["status"] for finding in told.json} == {"ok"}
    assert "which will be made" in told.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_names_each_wrong_thing_with_what_to_do(shop: Home) -> None:
    wrong = {
        "DSPYUI_HOMES": "x",
        "DSPYUI_MLFLOW__TRACKING_URI": "http://127.0.0.1:9",
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "PYTHONPATH": f"{ROOT}:{shop.folder}",
    }
    (shop.folder / "tasks.py").write_text("", encoding="utf-8")

    told = shop.dspyui("doctor", "--no-lm", **wrong)

    assert told.code == 1
    assert not missing(
        (
            "did you mean DSPYUI_HOME?",
            "tasks.py, not ours",
            "correct DSPYUI_MLFLOW__TRACKING_URI",
            "unset PREFECT_API_URL",
            "3 failing, 1 with warnings",
        ),
        told,
    )
