"""Owns homes that are stored to be opened by later code: `python stored_home.py FOLDER`.

It writes REVISION.sql, a state database as text, and REVISION.json, what the code that wrote it
makes of it. The code of an earlier version runs with PYTHONPATH=OLD:OLD/tests.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dspyui_core.data_exporter import Wanted
from dspyui_core.datasets import fold_dataset
from dspyui_core.promotion import Ledger
from dspyui_core.spec import read_spec
from dspyui_core.store.schema import HEAD
from dspyui_core.workspace import Workspace
from support import tiny
from support.turns import take_turn

GOLD_ROWS = 112
ANSWERS = 20


def live(ws: Workspace, folder: Path) -> None:
    """Two turns with users between them, and users after them."""
    program = write_program(folder)
    take_turn(ws, program)
    traces = [
        ws.predict("desk", {"text": f"{text} – “Größe”"}, user_id="ana").trace_id
        for text, _ in tiny.unseen()[:ANSWERS]
    ]
    _say(ws, traces[:12], "first")
    take_turn(ws, program)
    ws.exporter.deliver("desk", Wanted(consumer="crm"), format="jsonl", out=folder / "crm.jsonl")
    ws.mirror("desk")
    _change_their_minds(ws, traces)


def write_program(folder: Path) -> Path:
    """The program's spec beside its rows."""
    tiny.write_csv(folder / "rows.csv", tiny.rows()[:GOLD_ROWS])
    return tiny.write_program(folder)


def made_of(ws: Workspace, program: Path) -> dict[str, Any]:
    """What the code makes of a state: the fold, the exports, the decisions, the watermarks."""
    upto = ws.journal.last_position("desk")
    fold = fold_dataset(
        read_spec(program), ws.journal.since(0, program="desk", upto=upto), upto=upto
    )
    exports = {
        name: "".join(ws.exporter.export_streaming("desk", format="jsonl", consumer=consumer))
        for name, consumer in (("all", None), ("crm", "crm"))
    }
    decisions = [asdict(entry) for entry in Ledger(ws.engine).history("desk")]
    content = {
        "fold": fold.version,
        "feedback_rows": sum(row.is_feedback for row in fold.rows),
        "exports": exports,
        "decisions": decisions,
        "entries": [(e.position, e.kind, e.trace_id, e.payload) for e in ws.journal.since(0)],
        "watermarks": {name: ws.watermarks.get("desk", name) for name in ("mirror", "export:crm")},
        "turns": [(t.turn_id, t.outcome, t.report) for t in ws.turns.history("desk")],
    }
    return dict(json.loads(json.dumps(content, default=str)))


def main(folder: Path) -> None:
    """Live in a home, and write both files of it."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        ws = Workspace.open(place / "home")
        live(ws, place)
        content = made_of(ws, place / "desk.yaml")
        ws.close()
        with closing(sqlite3.connect(place / "home" / "state.db")) as connection:
            # Where it was made is nobody's business.
            dump = "\n".join(connection.iterdump()).replace(str(place), "/srv/desk")
    (folder / f"{HEAD}.sql").write_text(f"{dump}\n", encoding="utf-8")
    text = json.dumps(content, indent=1, ensure_ascii=False).replace(str(place), "/srv/desk")
    (folder / f"{HEAD}.json").write_text(f"{text}\n", encoding="utf-8")


def _say(ws: Workspace, traces: list[str], key: str) -> None:
    for number, (trace, (_, desk)) in enumerate(zip(traces, tiny.unseen(), strict=False)):
        ws.feedback.record_feedback(
            trace,
            "thumbs_down",
            {"desk": desk},
            comment="Nicht für uns – 違う",
            user_id=f"user-{number % 3}",
            authenticated=number % 2 == 0,
            idempotency_key=f"{key}-{number}",
        )


def _change_their_minds(ws: Workspace, traces: list[str]) -> None:
    """An edit, a retraction, an anonymous rating, and somebody who agrees."""
    ws.feedback.record_feedback(
        traces[0], "thumbs_up", comment="doch", user_id="user-0", authenticated=True
    )
    # The first code asked for the program, too.
    retracted: Any = ("desk",) if HEAD == "0001" else ()
    retracted += (traces[1], {"retracted": True})
    who: Any = {"user_id": "user-1", "authenticated": False}
    ws.journal.append_feedback(*retracted, idem_key="retraction", **who)
    ws.feedback.record_feedback(traces[14], "thumbs_up", idempotency_key="anonymous")
    _say(ws, traces[2:4], "second")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
