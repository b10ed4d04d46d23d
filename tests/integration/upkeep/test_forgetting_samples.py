"""Forgetting what a reviewer labelled: it joined the holdout, its tables and its pages."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dspyui_core import turn
from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.datasets.versions.snapshots import splits_on_disk
from dspyui_core.errors import FeedbackError, NotFoundError
from dspyui_core.mlflow_tracking import CURVE_PAGE, DECISION_PAGE, read_evaluation_table
from dspyui_core.review import Inbox, ReviewItem
from dspyui_core.store.tables import review
from dspyui_core.turn.evaluating import EVALUATION_TABLE
from dspyui_core.upkeep import Subject, forget, would_forget
from integration.upkeep.conftest import Desk, copied
from support import tiny

ZOE, WORD, OTHER = Subject("user", "zoe"), "Zwirbel", "Yonderly"
SAID = "Kauderwelsch asked for this"
# Of zoe, of yan, and one that came with more inputs than the signature has.
ASKED, OTHERS, MORE = 16, 8, "Xylographer"


@pytest.fixture(scope="session")
def labelled(learned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That folder after a third turn, with the labelled inputs of zoe and yan in its holdout."""
    folder = tmp_path_factory.mktemp("labelled") / "desk"
    with copied(learned, folder) as desk:
        for number in range(ASKED + OTHERS):
            user, word = ("zoe", WORD) if number < ASKED else ("yan", OTHER)
            desk.ws.predict("desk", {"text": asked(word, number)}, user_id=user)
        inputs = {"text": asked(MORE, 99), "session": "s-1"}
        desk.ws.record_prediction("desk", inputs, {"desk": "amber"}, user_id="xena", strict=True)
        assert turn.draw_sample(desk.ws, "desk", count=99).drawn == ASKED + OTHERS + 1
        for item in samples(desk, ""):
            label = {"desk": tiny.LABELS[item.seq % 4]}
            reason = SAID if WORD in item.content["inputs"]["text"] else "clear"
            turn.accept_item(desk.ws, item.seq, labels=label, reason=reason, actor="rea")
        tiny.write_program(folder, promotion={"replay": 60})
        assert desk.turn().turn == "desk-0003"
    return folder


@pytest.fixture
def desk(labelled: Path, tmp_path: Path) -> Iterator[Desk]:
    with copied(labelled, tmp_path / "desk") as opened:
        yield opened


def asked(word: str, number: int) -> str:
    """Inputs that nobody takes for near-duplicates."""
    return f"{hashlib.sha256(str(number).encode()).hexdigest()} {word} {number}"


def samples(desk: Desk, word: str = WORD) -> list[ReviewItem]:
    items = Inbox(desk.ws.engine).items(program="desk", kind="sample")
    return [item for item in items if word in item.content["inputs"]["text"]]


def run_of(desk: Desk, turn_id: str = "desk-0003") -> str:
    found = turn.turn_details(desk.ws, turn_id).candidate
    assert found is not None
    return found.run_id


def table(desk: Desk) -> list[dict[str, Any]]:
    return read_evaluation_table(desk.ws.client, run_of(desk), EVALUATION_TABLE)


def page(desk: Desk, name: str, folder: Path) -> str:
    found = desk.ws.client.download_artifacts(run_of(desk), name, str(folder))
    return Path(found).read_text(encoding="utf-8")


def held_out(desk: Desk, word: str) -> list[str]:
    """The ids of the holdout rows with a word in them, in the newest dataset version."""
    parts = [part for part in splits_on_disk(desk.ws.snapshots, "desk") if part.split == "holdout"]
    return [row.row_id for row in parts[0].rows() if word in row.inputs["text"]]


def test_a_users_labelled_inputs_are_in_the_holdout_its_table_and_its_page(
    desk: Desk, tmp_path: Path
) -> None:
    """What the other tests of this file forget is there before."""
    places = desk.places(WORD)

    assert {place.split("/")[0] for place in places} >= {"state.db", "mlflow", "datasets"}
    assert len(held_out(desk, WORD)) == ASKED
    assert sum(WORD in row["inputs"] for row in table(desk)) == 3 * ASKED
    assert WORD in page(desk, DECISION_PAGE, tmp_path)


def test_they_leave_all_of_it_and_those_of_others_stay(desk: Desk, tmp_path: Path) -> None:
    assert desk.places(SAID)

    done = forget(desk.ws, ZOE)

    assert desk.places(WORD) == desk.places(SAID) == set()
    assert (done.predictions, done.traces, done.rows) == (ASKED, ASKED, ASKED)
    assert (done.evaluated, done.texts, done.reviews) == (3 * ASKED, ASKED, ASKED)
    assert not [holder for holder in done.held if holder.kind == "file"]
    assert len(held_out(desk, OTHER)) == len(samples(desk, OTHER)) == OTHERS
    assert sum(OTHER in row["inputs"] for row in table(desk)) == 3 * OTHERS
    assert "was forgotten" in page(desk, DECISION_PAGE, tmp_path)
    assert "learning curve" in page(desk, CURVE_PAGE, tmp_path)


def test_a_dry_run_counts_the_rows_and_deletes_none(desk: Desk) -> None:
    would = would_forget(desk.ws, ZOE)

    assert (would.rows, would.dataset_versions) == (ASKED, 1)
    assert len(held_out(desk, WORD)) == len(samples(desk)) == ASKED


def test_one_trace_takes_its_sample_and_no_other(desk: Desk) -> None:
    item, *others = samples(desk)

    done = forget(desk.ws, Subject("trace", item.content["trace_id"]))

    assert (done.rows, done.evaluated, done.reviews) == (1, 3, 1)
    assert samples(desk) == others
    place = read_ledger(desk.ws.engine, "desk").places[item.key]
    assert (place.split, place.text) == ("holdout", "")


def test_a_labelled_row_is_forgotten_by_its_id_and_is_no_row_of_the_users_own(desk: Desk) -> None:
    item = samples(desk)[0]
    row_id = next(r["row_id"] for r in table(desk) if item.content["inputs"]["text"] in r["inputs"])
    assert turn.row_lineage(desk.ws, row_id).programs[0].row is None

    done = forget(desk.ws, Subject("row", row_id))

    assert (done.predictions, done.rows, done.evaluated, done.reviews) == (1, 1, 3, 1)
    assert not [holder for holder in done.held if holder.kind == "file"]
    assert desk.ws.journal.find_prediction(item.content["trace_id"]) is None
    with pytest.raises(NotFoundError, match="no dataset has a row"):
        turn.row_lineage(desk.ws, row_id)


def test_who_only_rated_an_answer_takes_no_sample_along(desk: Desk) -> None:
    trace = samples(desk)[0].content["trace_id"]
    desk.ws.feedback.record_feedback(trace, "thumbs_up", user_id="uwe")

    done = forget(desk.ws, Subject("user", "uwe"))

    assert (done.feedback, done.rows, done.reviews) == (1, 0, 0)
    assert len(held_out(desk, WORD)) == len(samples(desk)) == ASKED


@pytest.mark.parametrize("by", ["user", "row"])
def test_a_sample_is_found_although_its_input_came_with_more_than_the_signature_has(
    by: Any, desk: Desk
) -> None:
    """As a server of the user's own may record it: the journal's input is another one."""
    subject = "xena" if by == "user" else held_out(desk, MORE)[0]

    done = forget(desk.ws, Subject(by, subject))

    assert (done.predictions, done.rows, done.texts, done.reviews) == (1, 1, 1, 1)
    assert not desk.places(MORE)


def test_a_row_is_found_by_its_number_where_the_signature_has_become_another(desk: Desk) -> None:
    """A field less, and neither the journal nor the inbox has the input as the snapshot has it."""
    (item,) = samples(desk, MORE)
    content = {**item.content, "input_key": "of before"}
    with desk.ws.engine.begin() as connection:
        is_it = review.c.seq == item.seq
        connection.execute(update(review).where(is_it).values(key="of before", content=content))

    done = forget(desk.ws, Subject("user", "xena"))

    assert (done.rows, done.evaluated, done.texts, done.reviews) == (1, 3, 1, 1)
    assert not desk.places(MORE)


def test_a_sheet_of_before_is_imported_once_the_row_is_deleted_in_it(
    desk: Desk, tmp_path: Path
) -> None:
    gone, kept = samples(desk)[0], samples(desk, OTHER)[0]
    forget(desk.ws, ZOE)
    sheet, lines = tmp_path / "labels.csv", ["item,label.desk"]
    lines += [f"{item.seq},{(item.answer or {})['desk']}" for item in (gone, kept)]
    sheet.write_text("\n".join(lines), encoding="utf-8")

    with pytest.raises(FeedbackError, match="delete the row if it was forgotten"):
        turn.import_sheet(desk.ws, "desk", sheet)
    sheet.write_text("\n".join([lines[0], lines[2]]), encoding="utf-8")

    assert turn.import_sheet(desk.ws, "desk", sheet).repeated == 1


def test_who_only_labelled_is_no_user_and_stays_named(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="no user 'rea'"):
        forget(desk.ws, Subject("user", "rea"))

    assert {item.actor for item in samples(desk)} == {"rea"}


def test_a_labelled_sample_that_was_quarantined_leaves_the_inbox_as_a_row_as_well(
    desk: Desk,
) -> None:
    item = samples(desk)[0]
    problem = {"check": "contract", "column": "desk", "reason": "is no desk", "value": f"{WORD}!"}
    told = {"source": "audit sample", "row": item.seq, "trace_id": None, "problems": [problem]}
    inbox = Inbox(desk.ws.engine)
    inbox.open_item("desk", "row", "mine", told)
    kept = inbox.open_item("desk", "row", "other", {**told, "row": samples(desk, OTHER)[0].seq})

    done = forget(desk.ws, ZOE)

    assert done.reviews == ASKED + 1
    assert inbox.items(kind="row", state="open")[-1] == kept


def test_stopped_between_page_and_table_a_repeat_reaches_both(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    log_text = type(desk.ws.client).log_text

    def stopped(client: Any, run_id: str, text: str, path: str) -> None:
        if logged:
            raise KeyboardInterrupt
        logged.append(path)
        log_text(client, run_id, text, path)

    with monkeypatch.context() as patched:
        patched.setattr(type(desk.ws.client), "log_text", stopped)
        with pytest.raises(KeyboardInterrupt):
            forget(desk.ws, ZOE)

    assert forget(desk.ws, ZOE).evaluated == 3 * ASKED
    assert WORD not in page(desk, DECISION_PAGE, tmp_path)
    assert desk.places(WORD) == set()


def test_a_run_that_shows_nothing_gets_no_page(desk: Desk, tmp_path: Path) -> None:
    client, run = desk.ws.client, run_of(desk)
    tags = {"dspyui.program": "desk"}
    rebuilt = client.create_run(desk.ws.experiment("desk"), tags=tags).info.run_id
    source = client.download_artifacts(run, f"{EVALUATION_TABLE}.json", str(tmp_path))
    client.log_artifact(rebuilt, source)

    forget(desk.ws, ZOE)

    assert [file.path for file in client.list_artifacts(rebuilt)] == [f"{EVALUATION_TABLE}.json"]
    assert desk.places(WORD) == set()


def test_the_next_turn_and_a_rescore_go_on_without_them(desk: Desk) -> None:
    before = turn.turn_details(desk.ws, "desk-0003").dataset
    forget(desk.ws, ZOE)

    report = desk.turn()

    assert (report.turn, report.outcome) != ("desk-0003", "failed")
    assert report.dataset is not None
    assert before is not None
    assert report.dataset.holdout == before.holdout - ASKED
    assert turn.rescore(desk.ws, "desk", dry_run=True).comparison.rows > 0
    assert turn.decision_report(desk.ws, "desk-0003").changed
    assert desk.places(WORD) == set()


def test_a_turn_keeps_the_numbers_of_its_replay_and_nobodys_words(desk: Desk) -> None:
    details = turn.turn_details(desk.ws, "desk-0003")
    assert details.evaluated is not None
    assert details.evaluated.replay is not None
    with closing(sqlite3.connect(desk.ws.home / "state.db")) as connection:
        steps = connection.execute("select ref from step where name != 'snapshot'").fetchall()

    assert details.evaluated.replay.rows > 20
    assert details.evaluated.replay.changed > 0
    texts = [text for text, _ in tiny.unseen()] + [WORD]
    assert not [text for text in texts if text in json.dumps(steps)]
