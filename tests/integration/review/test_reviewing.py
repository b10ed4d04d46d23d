"""What a turn leaves in the inbox, and what deciding it does to journal, ledger and splits."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import fold_dataset
from dspyui_core.datasets.reports.report import Quarantined
from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.errors import ConflictError, FeedbackError, InputError
from dspyui_core.records import Turn
from dspyui_core.review import Inbox, ReviewItem
from dspyui_core.spec import read_spec
from dspyui_core.store.journal import Entry
from dspyui_core.turn import (
    TurnRequest,
    accept_item,
    draw_sample,
    export_sheet,
    finish,
    import_sheet,
    open_turn,
    plan_sample,
    reject_item,
)
from dspyui_core.turn.releasing import Concluded, Registered
from dspyui_core.workspace import Workspace
from integration.turn.desk import Desk, candidate, decision, evaluated, snapshot

LABEL = "billing"


class Bench(Desk):
    """A desk where people decide, too."""

    promote, rollback = Workspace.promote, Workspace.rollback
    _told = Workspace._told

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.engine)

    def lock(self, program: str) -> Any:
        return nullcontext()

    def ends(self, verdict: str, *, version: int | None = 2, **fixed: Any) -> Turn:
        """A turn that comes to this verdict about a version."""
        turn_id = self.opened()
        self.finished(turn_id, "snapshot", snapshot(**fixed))
        self.finished(turn_id, "compile", candidate())
        self.finished(turn_id, "evaluate", evaluated())
        self.finished(turn_id, "decide", decision(verdict))
        if version is not None:
            self.finished(turn_id, "register", Registered(version=version))
        entry = self.releases.conclude(
            "p",
            decision(verdict),
            version=version,
            predecessor=self.releases.ledger.last("p"),
            turn_id=turn_id,
            actor="turn",
        )
        self.finished(turn_id, "conclude", Concluded(seq=entry.seq))
        desk: Any = self
        return finish(desk, turn_id)

    def open_ones(self, kind: Any = None) -> list[ReviewItem]:
        return list(self.inbox.items(kind=kind, state="open"))

    def predicts(self, trace: str, text: str, topic: str = "account") -> None:
        answer = {"inputs": {"text": text}, "outputs": {"topic": topic}}
        self.journal.append_prediction("p", trace, answer)

    def corrects_as(self, user: str, trace: str, topic: str) -> Entry:
        said = {"rating": "thumbs_down", "corrected_output": {"topic": topic}, "comment": None}
        who: Any = {"user_id": user, "authenticated": True, "idem_key": f"{user}{trace}"}
        return self.journal.append_feedback(trace, said, **who)


@pytest.fixture
def ws(engine: Engine, tmp_path: Path) -> Any:
    return Bench(engine, tmp_path)


def quarantined(**changes: Any) -> Quarantined:
    values: dict[str, Any] = {
        "row": None,
        "column": "topic",
        "reason": "users give this input different labels: billing, delivery (trace t1)",
        "value": "billing",
        "remedy": "decide which label is right",
        "check": "label_conflicts",
        "source": "feedback",
        "trace_id": "t1",
    }
    return Quarantined(**values | changes)


OWN = quarantined(row=4, source="rows.csv", trace_id=None, reason="is blank", remedy="fill it in")


def disagreement(ws: Any) -> ReviewItem:
    """An item about an answer that two users correct differently."""
    ws.predicts("t1", "where is it")
    ws.corrects_as("ann", "t1", "billing")
    ws.corrects_as("ben", "t1", "delivery")
    ws.ends("refuse", version=None, quarantined=(quarantined(), quarantined(value="delivery")))
    (item,) = ws.open_ones("row")
    return item


def test_a_turn_that_ends_puts_its_quarantined_rows_into_the_inbox_once(ws: Any) -> None:
    rows = (quarantined(), quarantined(value="delivery"), OWN)
    ws.predicts("t1", "where is it")

    ws.ends("refuse", version=None, quarantined=rows)
    ws.ends("refuse", version=None, quarantined=rows)

    users, own = ws.open_ones()
    assert (users.content["inputs"], len(users.content["problems"])) == ({"text": "where is it"}, 2)
    assert (own.content["row"], own.content["source"]) == (4, "rows.csv")


def test_a_row_that_passes_by_now_is_withdrawn(ws: Any) -> None:
    ws.ends("refuse", version=None, quarantined=(OWN,))
    ws.ends("refuse", version=None, quarantined=())

    (item,) = ws.inbox.items()
    assert (item.state, item.comment) == ("withdrawn", "it passes in p-0002")


def test_where_there_are_more_rows_than_a_turn_keeps_none_is_withdrawn(ws: Any) -> None:
    ws.ends("refuse", version=None, quarantined=(OWN,))
    many = tuple(quarantined(row=number, trace_id=None) for number in range(10, 110))
    ws.ends("refuse", version=None, quarantined=many)

    assert len(ws.open_ones("row")) == 101


def test_a_blocked_turn_leaves_its_rows_in_the_inbox(ws: Any) -> None:
    turn_id = ws.opened()
    ws.finished(turn_id, "snapshot", snapshot(verdict="blocked", quarantined=(OWN,)))

    finish(ws, turn_id, "blocked", "too bad")

    assert len(ws.open_ones("row")) == 1


def test_an_accepted_row_is_confirmed_in_the_next_fold(ws: Any) -> None:
    spec = read_spec(ws.writes_spec())
    item = disagreement(ws)
    before = fold_dataset(spec, ws.journal.since(0), upto=ws.journal.last_position())

    done = accept_item(ws, item.seq, labels={"topic": "delivery"}, reason="asked", actor="rita")

    after = fold_dataset(spec, ws.journal.since(0), upto=ws.journal.last_position())
    rows = [(row.labels, row.trust) for row in after.rows if row.is_feedback]
    assert rows == [({"topic": "delivery"}, "confirmed")]
    assert not [row for row in before.rows if row.is_feedback]
    assert (done.state, done.actor, done.answer) == ("accepted", "rita", {"topic": "delivery"})
    assert after.new_rows(before.upto) == 1


def test_where_users_disagree_a_label_has_to_be_given(ws: Any) -> None:
    item = disagreement(ws)

    with pytest.raises(FeedbackError, match="topic: is blank"):
        accept_item(ws, item.seq)

    assert ws.inbox.get(item.seq).state == "open"


def test_where_users_agree_their_label_is_the_default(ws: Any) -> None:
    ws.predicts("t1", "where is it")
    ws.corrects_as("ann", "t1", "billing")
    ws.ends("refuse", version=None, quarantined=(quarantined(),))
    (item,) = ws.open_ones()

    assert accept_item(ws, item.seq).answer == {"topic": "billing"}


def test_a_label_that_the_signature_does_not_have_is_refused_with_every_problem(ws: Any) -> None:
    item = disagreement(ws)

    with pytest.raises(FeedbackError) as caught:
        accept_item(ws, item.seq, labels={"topic": "shoes", "mood": "bad"})

    assert {problem.column for problem in caught.value.problems} == {"topic", "mood"}
    assert ws.journal.count(kind="feedback") == 2


def test_accepting_goes_on_where_it_was_stopped_between_journal_and_inbox(
    ws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = disagreement(ws)
    with monkeypatch.context() as broken:
        broken.setattr(Inbox, "decide", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            accept_item(ws, item.seq, labels={"topic": "delivery"}, actor="rita")

    accept_item(ws, item.seq, labels={"topic": "delivery"}, actor="rita")

    assert ws.journal.count(kind="feedback") == 3


def test_two_reviewers_of_one_row_cannot_both_be_right(ws: Any) -> None:
    item = disagreement(ws)
    accept_item(ws, item.seq, labels={"topic": "delivery"}, actor="rita")

    with pytest.raises(ConflictError, match="by rita"):
        accept_item(ws, item.seq, labels={"topic": "billing"}, actor="sara")

    assert ws.journal.count(kind="feedback") == 3


def test_a_row_of_the_users_own_file_is_to_be_mended_there(ws: Any) -> None:
    ws.ends("refuse", version=None, quarantined=(OWN,))
    (item,) = ws.open_ones()

    with pytest.raises(InputError, match=r"row 4 of rows\.csv.*never written.*fill it in"):
        accept_item(ws, item.seq, labels={"topic": LABEL})


def test_a_row_between_two_splits_is_not_saved_by_a_label(ws: Any) -> None:
    ws.predicts("t1", "where is it")
    ws.ends("refuse", version=None, quarantined=(quarantined(check="leakage", reason="leaks"),))
    (item,) = ws.open_ones()

    with pytest.raises(InputError, match="which no label changes"):
        accept_item(ws, item.seq, labels={"topic": LABEL})


def test_a_rejected_row_changes_no_journal(ws: Any) -> None:
    item = disagreement(ws)

    done = reject_item(ws, item.seq, reason="unclear")

    assert (done.state, done.actor, done.comment) == ("rejected", "maria", "unclear")
    assert ws.journal.count(kind="feedback") == 2


def test_a_promotion_that_waits_is_accepted_through_the_ledger(ws: Any) -> None:
    ws.ends("ask")
    (item,) = ws.open_ones("promotion")
    assert (item.key, item.content["version"], item.content["reasons"]) == ("2", 2, ["because"])

    done = accept_item(ws, item.seq, reason="reads well", actor="rita")

    entry = ws.releases.ledger.champion("p")
    assert (entry.version, entry.actor, entry.reasons) == (2, "rita", ["reads well"])
    assert (done.state, done.actor, done.comment) == ("accepted", "rita", "reads well")


def test_a_promotion_without_a_reason_is_not_accepted(ws: Any) -> None:
    ws.ends("ask")
    (item,) = ws.open_ones()

    with pytest.raises(InputError, match="nothing says why"):
        accept_item(ws, item.seq)

    assert ws.client.champion is None


def test_a_promotion_that_was_done_but_not_noted_is_noted(ws: Any) -> None:
    ws.ends("ask")
    (item,) = ws.open_ones()
    ws.releases.promote("p", 2, reason="elsewhere", actor="ben")

    assert accept_item(ws, item.seq, reason="seen").state == "accepted"
    assert len(ws.releases.ledger.history("p")) == 2


def test_a_refused_promotion_is_in_the_ledger_and_waits_no_more(ws: Any) -> None:
    ws.ends("ask")
    (item,) = ws.open_ones()
    assert ws.client.challenger == 2

    done = reject_item(ws, item.seq, reason="worse on fees", actor="rita")

    last = ws.releases.ledger.history("p")[0]
    told = (last.kind, last.verdict, last.version, last.actor, last.reasons)
    assert told == ("promotion", "refuse", 2, "rita", ["worse on fees"])
    assert (done.state, ws.client.challenger, ws.client.champion) == ("rejected", None, None)
    assert next(v.stage for v in ws.releases.versions("p") if v.version == 2) == "Archived"


def test_refusing_goes_on_where_it_was_stopped_and_decides_once(ws: Any) -> None:
    ws.ends("ask")
    (item,) = ws.open_ones()

    def crash() -> None:
        raise KeyboardInterrupt

    ws.client.before_moving = crash
    with pytest.raises(KeyboardInterrupt):
        reject_item(ws, item.seq, reason="no")

    reject_item(ws, item.seq, reason="no")

    assert [e.verdict for e in ws.releases.ledger.history("p")] == ["refuse", "ask"]
    assert ws.client.challenger is None


def test_who_serves_cannot_be_refused(ws: Any) -> None:
    ws.promote("p", 2, reason="x")

    with pytest.raises(InputError, match="serves already"):
        ws.releases.refuse("p", 2, reason="no", actor="ann")


def test_a_newer_candidate_withdraws_the_older_one(ws: Any) -> None:
    ws.ends("ask")
    ws.ends("ask", version=3)

    older, newer = ws.inbox.items(kind="promotion")
    assert (older.state, older.comment) == ("withdrawn", "version 3 waits instead")
    assert newer.state == "open"


def test_a_version_that_a_person_refused_is_asked_about_anew(ws: Any) -> None:
    ws.ends("ask")
    reject_item(ws, ws.open_ones()[0].seq, reason="no")

    ws.ends("ask")

    (item,) = ws.open_ones()
    assert (item.key, item.content["version"]) == ("2 of p-0002", 2)


@pytest.mark.parametrize(("version", "state"), [(2, "accepted"), (3, "withdrawn")])
def test_a_promotion_past_the_inbox_closes_its_item(ws: Any, version: int, state: str) -> None:
    ws.ends("ask")

    ws.promote("p", version, reason="by hand")

    (item,) = ws.inbox.items()
    assert (item.state, item.actor, item.comment) == (state, "maria", "by hand")


def test_a_turn_that_promotes_withdraws_who_waited(ws: Any) -> None:
    ws.ends("ask")

    ws.ends("promote", version=3)

    assert [item.state for item in ws.inbox.items()] == ["withdrawn"]


def test_who_waits_goes_on_waiting_after_a_turn_that_refused(ws: Any) -> None:
    ws.ends("ask")

    ws.ends("refuse", version=None)

    assert [item.state for item in ws.inbox.items()] == ["open"]


def test_a_rollback_is_to_be_looked_at_and_seen(ws: Any) -> None:
    ws.promote("p", 1, reason="first")
    ws.promote("p", 2, reason="second")

    entry = ws.rollback("p", None, reason="complaints")

    (item,) = ws.open_ones()
    assert (item.kind, item.key) == ("rollback", str(entry.seq))
    assert (item.content["version"], item.content["instead_of"]) == (1, 2)
    assert item.content["reasons"] == ["complaints"]
    with pytest.raises(InputError, match="has happened"):
        reject_item(ws, item.seq, reason="no")
    assert accept_item(ws, item.seq).state == "accepted"


TEXTS = ("a parcel for alaska", "the invoice of june", "my birthday name", "hello or goodbye")


def sampled(ws: Any, count: int = 4) -> list[ReviewItem]:
    """Samples of inputs served after a turn."""
    ws.ends("refuse", version=None)
    for number, text in enumerate(TEXTS):
        ws.predicts(f"s{number}", text)
    draw_sample(ws, "p", count=count)
    return ws.open_ones("sample")


def test_drawn_inputs_are_items_without_the_answer_and_belong_to_the_holdout(ws: Any) -> None:
    items = sampled(ws)

    assert {item.content["inputs"]["text"] for item in items} == set(TEXTS)
    assert not any("answered" in item.content or "outputs" in item.content for item in items)
    places = read_ledger(ws.engine, "p").places
    assert {places[item.key].split for item in items} == {"holdout"}


def test_feedback_on_a_drawn_input_is_parked(ws: Any) -> None:
    program = ws.writes_spec(feedback={"minimum": 1})
    sampled(ws)
    ws.corrects_as("ann", "s0", "billing")

    opened = open_turn(ws, TurnRequest(program=program))

    assert opened.dataset is not None
    assert (opened.dataset.parked, opened.dataset.feedback_rows) == (1, 0)


def test_drawing_again_draws_the_next_in_line(ws: Any) -> None:
    first = {item.key for item in sampled(ws, 2)}
    assert plan_sample(ws, "p", count=9).drawn == 2

    found = draw_sample(ws, "p", count=9)

    assert (found.drawn, found.known) == (2, 2)
    assert len({item.key for item in ws.open_ones("sample")} - first) == 2


def test_a_draw_that_was_stopped_before_holding_out_goes_on(
    ws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("dspyui_core.review.sampling.hold_out", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sampled(ws)

    draw_sample(ws, "p", count=4)

    assert len(ws.open_ones("sample")) == 4
    assert len(read_ledger(ws.engine, "p").places) == 4


def test_a_draw_beside_a_turn_that_decides_splits_draws_nothing(
    ws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any, **__: Any) -> None:
        raise ConflictError("the splits grew")

    monkeypatch.setattr("dspyui_core.review.sampling.hold_out", late)
    with pytest.raises(ConflictError):
        sampled(ws)

    assert ws.open_ones("sample") == []


def test_before_a_first_turn_nothing_can_be_drawn(ws: Any) -> None:
    with pytest.raises(InputError, match="has had no turn yet"):
        draw_sample(ws, "p")


def test_a_sample_is_labelled_as_the_signature_says(ws: Any) -> None:
    first, second, *_ = sampled(ws)

    done = accept_item(ws, first.seq, labels={"topic": LABEL})

    assert (done.state, done.answer) == ("accepted", {"topic": LABEL})
    with pytest.raises(FeedbackError, match="is not an allowed value"):
        accept_item(ws, second.seq, labels={"topic": "shoes"})
    assert ws.journal.count(kind="feedback") == 0


def filled(ws: Any, labels: dict[int, str], path: Path) -> Path:
    """A sheet in which some items have a label."""
    export_sheet(ws, "p", "sample", path)
    header, *lines = path.read_text().splitlines()
    rows = [line.split(",") for line in lines]
    done = [",".join([*row[:-2], labels.get(int(row[0]), ""), "so"]) for row in rows]
    path.write_text("\n".join([header, *done]) + "\n")
    return path


def test_a_filled_sheet_labels_its_items_once(ws: Any, tmp_path: Path) -> None:
    first, second, *_ = sampled(ws)
    path = filled(ws, {first.seq: LABEL, second.seq: "delivery"}, tmp_path / "sheet.csv")

    done = import_sheet(ws, "p", path, actor="rita")
    again = import_sheet(ws, "p", path, actor="rita")

    assert (done.rows, done.accepted, done.repeated, done.blank) == (4, 2, 0, 2)
    assert (again.accepted, again.repeated) == (0, 2)
    labelled = ws.inbox.get(second.seq)
    told = (labelled.state, labelled.answer, labelled.actor, labelled.comment)
    assert told == ("accepted", {"topic": "delivery"}, "rita", "so")


def test_a_sheet_with_a_wrong_row_labels_nothing_and_tells_every_row(
    ws: Any, tmp_path: Path
) -> None:
    first, second, third, _ = sampled(ws)
    reject_item(ws, third.seq, reason="no")
    lines = [
        "item,input.text,label.topic",
        f"{first.seq},{first.content['inputs']['text']},{LABEL}",
        f"{second.seq},another text,shoes",
        f"{third.seq},{third.content['inputs']['text']},{LABEL}",
        f"99,x,{LABEL}",
    ]
    path = tmp_path / "sheet.csv"
    path.write_text("\n".join(lines) + "\n")

    with pytest.raises(FeedbackError) as caught:
        import_sheet(ws, "p", path)

    assert [(p.row, p.column) for p in caught.value.problems] == [
        (2, "input.text"),
        (2, "label.topic"),
        (3, "item"),
        (4, "item"),
    ]
    assert ws.inbox.get(first.seq).state == "open"


def test_a_sheet_settles_rows_that_users_disagree_about(ws: Any, tmp_path: Path) -> None:
    item = disagreement(ws)
    path = tmp_path / "rows.csv"
    assert export_sheet(ws, "p", "row", path, answers=True).rows == 1
    assert path.read_text().splitlines()[1] == f"{item.seq},where is it,account,,"
    path.write_text(path.read_text().replace("account,,", "account,delivery,"))

    assert import_sheet(ws, "p", path, actor="rita").accepted == 1

    last = list(ws.journal.since(0))[-1]
    assert (last.user_id, last.payload["corrected_output"]) == ("rita", {"topic": "delivery"})
    assert last.authenticated
