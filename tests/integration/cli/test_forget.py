"""`dspyui forget` and what `dspyui status` says of the home."""

from __future__ import annotations

import sys

import pytest

from integration.cli.conftest import TRACE, Office


def test_forgetting_needs_a_yes_where_nobody_can_be_asked(office: Office) -> None:
    before = office.state()

    said = office.dspyui("forget", "--user", "ana")

    assert said.code == 2
    assert "--yes" in said.err
    assert office.state() == before


def test_a_person_is_shown_what_goes_and_may_say_no(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", _no)
    before = office.state()

    said = office.dspyui("forget", "--trace", TRACE)

    assert said.code == 130
    assert "1 predictions, 1 feedback" in said.err
    assert office.state() == before


def _no(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_dry_run_says_what_would_go(office: Office) -> None:
    before = office.state()

    said = office.dspyui("forget", "--trace", TRACE, "--dry-run")
    document = office.dspyui("forget", "--trace", TRACE, "--dry-run", "--json").json

    assert said.code == 0
    assert "1 predictions, 1 feedback" in said.out
    assert "dry run: nothing was written" in said.out
    assert (document["dry_run"], document["at"], document["predictions"]) == (True, None, 1)
    assert office.state() == before


def test_with_a_yes_it_goes_and_a_repeat_says_when(office: Office) -> None:
    done = office.dspyui("forget", "--trace", TRACE, "--yes", "--json")
    again = office.dspyui("forget", "--trace", TRACE, "--yes", "--json")
    asked = office.dspyui("feedback", "add", TRACE, "--rating", "thumbs_up")

    assert (done.code, done.json["predictions"], done.json["feedback"]) == (0, 1, 1)
    assert again.json["at"] is not None
    assert {**again.json, "at": 0} == {**done.json, "at": 0}
    assert asked.code == 2


def test_people_read_what_went_and_who_still_has_it(office: Office) -> None:
    said = office.dspyui("forget", "--user", "ana", "--yes")

    assert said.code == 0
    assert "journal   0 predictions, 1 feedback" in said.out
    assert "nothing else in this home holds it" in said.out


@pytest.mark.parametrize(
    "arguments",
    [(), ("--user", "ana", "--trace", TRACE), ("--user", "ana", "--expired")],
    ids=["nothing", "two", "two-kinds"],
)
def test_one_thing_is_forgotten_at_a_time(office: Office, arguments: tuple[str, ...]) -> None:
    said = office.dspyui("forget", *arguments)

    assert said.code == 2
    assert "one of --user, --trace, --row and --expired" in said.err


def test_what_is_unknown_is_bad_input(office: Office) -> None:
    said = office.dspyui("forget", "--user", "nobody", "--yes")

    assert said.code == 2
    assert "no user 'nobody'" in said.err


def test_what_is_expired_goes_by_the_settings(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = office.dspyui("forget", "--expired", "--json")
    monkeypatch.setenv("DSPYUI_JOURNAL__MAX_MB", "0.00001")
    would = office.dspyui("forget", "--expired", "--dry-run")
    done = office.dspyui("forget", "--expired")

    assert nothing.json == {"predictions": 0, "spans": 0, "over_bytes": 0}
    assert "over the limit" in would.out
    # Not mirrored, and rated: it stays.
    assert "retired 0 predictions" in done.out


def test_status_shows_the_room_that_a_home_takes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPYUI_JOURNAL__KEEP_DAYS", "30")
    monkeypatch.setenv("DSPYUI_JOURNAL__MAX_MB", "500")

    shown = office.dspyui("status").out
    document = office.dspyui("status", "--json").json

    assert "desk: champion 1" in shown
    assert "unrated answers expire after 30 days, at most 500 MB" in shown
    assert [program["program"] for program in document["programs"]] == ["desk"]
    assert document["use"]["entries"] == 2
    assert document["use"]["limits"]["keep_days"] == 30
