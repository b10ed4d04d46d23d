"""`dspyui program evaluate`, `replay` and `rescore`: versions on rows, and on what was asked."""

from __future__ import annotations

import csv
from collections.abc import Mapping

import pytest

from dspyui_core.lms.opening import configure_cache
from dspyui_core.testing import ScriptedLM
from dspyui_core.turn.steps import Evaluated, Snapshot, recorded
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny
from support.turns import take_turn

ASKED = ("where are novels", "a fine to pay", "the laptop is broken", "which lecture is today")


def said(ws: Workspace, trace: str, text: str, desk: str, *, version: int | None = 1) -> str:
    """An answer of production in the journal."""
    answer = {"inputs": {"text": text}, "outputs": {"desk": desk}}
    ws.journal.append_prediction("desk", trace, answer, version=version)
    return trace


def answers(monkeypatch: pytest.MonkeyPatch, rule: Mapping[str, str]) -> ScriptedLM:
    """From now on every LM gives these answers, and `birch` to everything else."""
    lm = ScriptedLM(rule=lambda text: {"desk": rule.get(text, "birch")})
    monkeypatch.setattr(Workspace, "lm", lambda self, spec: lm)
    return lm


def journaled(*desks: str) -> Workspace:
    """Four inputs that the champion answered like this, the first one first."""
    ws = Workspace.open()
    for number, (text, desk) in enumerate(zip(ASKED, desks, strict=True)):
        said(ws, f"tr-{number}", text, desk)
    return ws


def test_a_file_is_scored_by_its_columns_too(office: Office) -> None:
    rows = [(text, desk, ("mail", "chat")[n % 2]) for n, (text, desk) in enumerate(tiny.unseen())]
    with (office.folder / "test.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("text", "desk", "channel"), *rows])

    found = office.dspyui("program", "evaluate", "desk", "test.csv", "--slice", "channel", "--json")
    told = office.dspyui("program", "evaluate", "desk", "test.csv", "--repeats", 2).out

    slices = {(s["column"], s["value"]): s for s in found.json["slices"]}
    assert {slices["channel", value]["rows"] for value in ("mail", "chat")} == {32}
    assert slices["desk", "amber"]["rows"] == 16
    assert 0 < found.json["macro_f1"]["desk"] <= 1
    assert "each answered 2 times" in told
    assert "by desk:" in told
    assert "by channel:" not in told


def test_a_column_that_the_file_lacks_is_told(office: Office) -> None:
    tiny.write_csv(office.folder / "test.csv", tiny.unseen())

    found = office.dspyui("program", "evaluate", "desk", "test.csv", "--slice", "channel")

    assert found.code == 2
    assert "channel: is no column of test.csv" in found.err


def test_a_replay_tells_agreement_changes_wins_and_losses(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = journaled("amber", "amber", "coral", "amber")
    ws.feedback.record_feedback("tr-1", "thumbs_down", {"desk": "birch"}, user_id="ben")
    ws.feedback.record_feedback("tr-2", "thumbs_up", user_id="ben")
    answers(monkeypatch, {ASKED[0]: "amber", ASKED[2]: "delta", "a novel": "delta"})

    found = office.dspyui("program", "replay", "desk", "--candidate", "desk-0002", "--json").json

    assert (found["rows"], found["champion"], found["changed"]) == (5, 1, 3)
    assert found["agreement"] == pytest.approx(2 / 5)
    assert (found["rated"], found["wins"], found["losses"]) == (3, 1, 1)
    changes = [(c["verdict"], c["trace_id"], c["candidate"]["desk"]) for c in found["changes"]]
    assert changes == [
        ("loss", "tr-2", "delta"),
        ("win", "tr-1", "birch"),
        ("", "tr-3", "birch"),
    ]


def test_a_recorded_answer_of_the_champion_is_not_asked_for_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = journaled("amber", "amber", "coral", "amber")
    said(ws, "tr-old", "answered by nobody's version", "amber", version=None)
    lm = answers(monkeypatch, {})

    office.dspyui("program", "replay", "desk", "--version", 1, "--last", 2)

    # Both by the candidate, and the newest by the champion, which had not answered it.
    assert sorted(lm.heard) == sorted([ASKED[3], *["answered by nobody's version"] * 2])


def test_an_input_that_was_asked_often_counts_once_and_the_newest_come_first(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = journaled("amber", "amber", "coral", "amber")
    for number in range(3):
        said(ws, f"tr-again-{number}", ASKED[1], "amber")
    answers(monkeypatch, {})

    found = office.dspyui("program", "replay", "desk", "--version", 1, "--last", 2, "--json").json

    assert found["rows"] == 2
    assert [change["inputs"]["text"] for change in found["changes"]] == [ASKED[1], ASKED[3]]
    assert found["changes"][0]["trace_id"] == "tr-again-2"


def test_no_input_of_the_holdout_is_replayed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = Workspace.open()
    for number, (text, desk) in enumerate(tiny.rows()):
        said(ws, f"tr-row-{number}", text, desk)
    dataset = recorded(ws, "desk-0001", "snapshot", Snapshot).dataset
    answers(monkeypatch, {})

    found = office.dspyui("program", "replay", "desk", "--version", 1, "--json").json

    # The rows that are no holdout, and the one input that production had already.
    assert found["rows"] == 160 - dataset.holdout + 1


def test_inputs_that_do_not_fit_and_that_were_forgotten_are_left_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = Workspace.open()
    ws.journal.append_prediction("desk", "tr-x", {"inputs": {"body": "x"}, "outputs": {}})
    ws.journal.append_prediction("desk", "tr-y", {})
    answers(monkeypatch, {})

    found = office.dspyui("program", "replay", "desk", "--version", 1, "--json").json

    assert (found["rows"], found["unfit"]) == (1, 1)


def test_a_replay_is_recorded_nowhere(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = journaled("amber", "amber", "coral", "amber")
    before = ws.journal.last_position()
    answers(monkeypatch, {})

    told = office.dspyui("program", "replay", "desk", "--version", 1)

    assert told.code == 0
    assert ws.journal.last_position() == before


def test_without_a_challenger_a_version_must_be_named(office: Office) -> None:
    found = office.dspyui("program", "replay", "desk")

    assert found.code == 2


def test_a_turn_replays_as_many_inputs_as_its_spec_asks_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = journaled("amber", "amber", "coral", "amber")
    spec = tiny.write_program(office.folder, seed=4, promotion={"replay": 3})

    turn = take_turn(ws, spec)

    replay = recorded(ws, turn.turn or "", "evaluate", Evaluated).replay
    assert replay is not None
    assert (replay.rows, replay.champion) == (3, 1)
    assert replay.agreement == pytest.approx(1 - replay.changed / 3)


def test_a_turn_keeps_slices_f1_and_latency_of_its_programs(office: Office) -> None:
    found = recorded(Workspace.open(), "desk-0002", "evaluate", Evaluated)

    assert found.replay is None
    assert set(found.macro_f1) == set(found.latency_ms) == {"baseline", "champion", "candidate"}
    assert {part.column for part in found.slices} <= {"desk", "input length"}
    # The embedded LM has no cache and costs nothing.
    assert found.usd == {"baseline": 0.0, "champion": 0.0, "candidate": 0.0}


def test_a_ceiling_on_time_or_price_is_measured_past_the_cache(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = answers(monkeypatch, {})
    lm.cache = True
    configure_cache(None)

    times = []
    for seed in (5, 6):
        spec = tiny.write_program(office.folder, seed=seed, promotion={"max_latency": 2})
        turn = take_turn(Workspace.open(), spec)
        times.append(recorded(Workspace.open(), turn.turn or "", "evaluate", Evaluated).latency_ms)

    assert all(found is not None for by_role in times for found in by_role.values())


def test_a_champion_whose_lm_is_the_same_scores_as_before(office: Office) -> None:
    found = office.dspyui("program", "rescore", "desk", "--json")

    comparison = found.json["comparison"]
    assert (found.code, found.json["version"], found.json["turn"]) == (0, 1, "desk-0001")
    assert comparison["opponent_score"] == comparison["candidate_score"]
    assert (found.json["dropped"], found.json["item"]) == (False, None)


def test_a_drop_is_put_into_the_inbox_once_and_the_gate_says_no(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = answers(monkeypatch, {})
    lm.cache = True
    configure_cache(None)

    first = office.dspyui("program", "rescore", "desk", "--json")
    again = office.dspyui("program", "rescore", "desk")

    assert (first.code, again.code) == (3, 3)
    assert first.json["dropped"]
    assert len(lm.heard) == 2 * first.json["comparison"]["rows"], "the cache answered"
    assert first.json["comparison"]["high"] < 0
    shown = office.dspyui("review", "show", first.json["item"]).out
    assert "version 1 scores worse than when it was released" in shown
    assert f"item {first.json['item']} in the inbox" in again.out


def test_a_rescore_is_no_look_at_the_holdout(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = Workspace.open()
    before = ws.releases.ledger.history("desk")
    answers(monkeypatch, {})

    office.dspyui("program", "rescore", "desk")

    assert ws.releases.ledger.history("desk") == before


def test_a_dry_rescore_changes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, {})
    office.dspyui("program", "rescore", "desk", "--dry-run")
    before = office.state()

    found = office.dspyui("program", "rescore", "desk", "--dry-run", "--json")

    assert (found.code, found.json["dry_run"], found.json["item"]) == (3, True, None)
    assert office.state() == before


def test_a_champion_that_no_turn_scored_is_told(office: Office) -> None:
    ws = Workspace.open()
    ws.client.set_model_version_tag("desk", "1", "dspyui.turn", "elsewhere-0001")

    found = office.dspyui("program", "rescore", "desk")

    assert found.code == 2
    assert "scored by no turn of this home" in found.err
