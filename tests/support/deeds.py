"""Owns what people and machines do to a home: each deed on a real store, and on the reference."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hypothesis import strategies as st
from sqlalchemy import Engine

from dspyui_core.data_exporter import DataExporter, Wanted
from dspyui_core.datasets import Gold, fold
from dspyui_core.errors import ConflictError, InputError, NotFoundError
from dspyui_core.feedback import FeedbackService
from dspyui_core.fields import Field
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.watermarks import Watermarks
from support.reference import Reference, RefusedError, Row, Voter
from support.states import fresh_database

PROGRAM = "tiny"
TEXTS = ("the bill", "a parcel", "my name")
TOPICS = ("billing", "delivery", "account")
OUTPUTS = (Field(name="topic", type="literal", values=TOPICS),)
RETRACTED = {"retracted": True}


class House:
    """A home's store on disk, which can crash and be opened again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = fresh_database(folder)
        self._lost: list[Engine] = []
        self._open()

    def restart(self) -> None:
        """Say goodbye, and open again."""
        self._engine.dispose()
        self._open()

    def crash(self) -> None:
        """Go on with what is on the disk at this moment, as after a power cut."""
        old, self._file = self._file, self.folder / f"after-{len(self._lost)}.db"
        for end in ("", "-wal"):
            if Path(f"{old}{end}").exists():
                shutil.copy(f"{old}{end}", f"{self._file}{end}")
        self._lost.append(self._engine)
        self._open()

    def close(self) -> None:
        for engine in (self._engine, *self._lost):
            engine.dispose()

    def entries(self) -> list[tuple[str, Voter | None, Mapping[str, Any]]]:
        """The journal as the reference writes it."""
        return [
            (entry.trace_id, None, {**entry.payload["inputs"], **entry.payload["outputs"]})
            if entry.kind == "prediction"
            else (entry.trace_id, entry.voter, entry.payload)
            for entry in self.journal.since(0)
        ]

    def fold(self, gold: Gold) -> dict[str, tuple[str, str]]:
        """By text, the topic and the trust of each feedback row of the dataset."""
        found = fold(gold, self.journal.since(0), upto=self.journal.last_position())
        assert not found.findings or all("different labels" in str(f) for f in found.findings)
        rows = (row for row in found.rows if row.is_feedback)
        return {row.inputs["text"]: (row.labels["topic"], row.trust) for row in rows}

    def exported(self, **options: Any) -> list[dict[str, Any]]:
        """The rows of an export to a file."""
        if not self.journal.count(program=PROGRAM):
            return []
        out = self.folder / "out.jsonl"
        self.exporter.deliver(PROGRAM, Wanted(**options), format="jsonl", out=out)
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        return [{name: row[name] for name in row if name != "version"} for row in rows]

    def _open(self) -> None:
        self._engine = open_engine(f"sqlite:///{self._file}")
        self.journal = Journal(self._engine)
        self.service = FeedbackService(self.journal, output_fields=_outputs)
        self.exporter = DataExporter(self.journal, Watermarks(self._engine))


def _outputs(answer: Entry) -> tuple[Field, ...]:
    return OUTPUTS


class Deed(Protocol):
    """Something that is done; both say what came of it, and raise where it is refused."""

    def really(self, house: House) -> Any: ...

    def by_the_book(self, book: Reference) -> Any: ...


@dataclass(frozen=True)
class Predict:
    """An answer; on a trace that is there it is a repeat, or a conflict."""

    trace: str
    text: str
    topic: str

    def really(self, house: House) -> int:
        answer = {"inputs": {"text": self.text}, "outputs": {"topic": self.topic}}
        return house.journal.append_prediction(PROGRAM, self.trace, answer).position

    def by_the_book(self, book: Reference) -> int:
        answer = {"text": self.text, "topic": self.topic}
        return book.record(f"answer {self.trace}", self.trace, None, answer)


@dataclass(frozen=True)
class Say:
    """A user's word on an answer: a rating, a correction or both, or that it is taken back."""

    trace: str
    voter: Voter
    said: Mapping[str, Any]
    key: str

    def really(self, house: House) -> int:
        user, authenticated = self.voter
        sure = {"idempotency_key": self.key, "authenticated": authenticated}
        if self.said == RETRACTED:
            return house.service.retract_feedback(self.trace, user, **sure).position
        words = (self.said["rating"], self.said["corrected_output"], self.said["comment"])
        return house.service.record_feedback(self.trace, *words, user, **sure).position

    def by_the_book(self, book: Reference) -> int:
        return book.record(f"word {self.key}", self.trace, self.voter, self.said)


@dataclass(frozen=True)
class TakeIn:
    """A file of words."""

    rows: tuple[Row, ...]
    authenticated: bool

    def really(self, house: House) -> tuple[int, int, int]:
        path = house.folder / "in.jsonl"
        named = [
            {"trace_id": r.trace, "user_id": r.user, **r.said, "idempotency_key": r.key}
            for r in self.rows
        ]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in named), encoding="utf-8")
        done = house.service.import_feedback(path, authenticated=self.authenticated)
        return done.recorded, done.repeated, done.stale

    def by_the_book(self, book: Reference) -> tuple[int, int, int]:
        return book.take_in(self.rows, self.authenticated)


@dataclass(frozen=True)
class Fetch:
    """A consumer gets what it has not had."""

    consumer: str
    limit: int | None

    def really(self, house: House) -> list[dict[str, Any]]:
        return house.exported(consumer=self.consumer, limit=self.limit)

    def by_the_book(self, book: Reference) -> list[dict[str, Any]]:
        return book.piece(self.consumer, self.limit)


def really(deed: Deed, house: House) -> Any:
    """What comes of a deed, "refused" where it is."""
    try:
        return deed.really(house)
    except (ConflictError, InputError, NotFoundError):
        return "refused"


def by_the_book(deed: Deed, book: Reference) -> Any:
    """The same on the reference."""
    try:
        return deed.by_the_book(book)
    except RefusedError:
        return "refused"


# Few of each, so that people meet: on one text, on one answer, under one key.
_texts = st.sampled_from(TEXTS)
_topics = st.sampled_from(TOPICS)
_users = st.sampled_from(["ann", "ben", "cem", None])
_voters = st.sampled_from(
    [("ann", True), ("ben", True), ("cem", True), ("ann", False), (None, False)]
)
_keys = st.sampled_from([f"k{number}" for number in range(200)])
_ratings = st.sampled_from(["thumbs_up", "thumbs_down"])
_corrections = st.builds(lambda topic: {"topic": topic}, _topics)
_rated = st.builds(
    lambda rating, corrected, comment: {
        "rating": rating,
        "corrected_output": corrected,
        "comment": comment,
    },
    _ratings,
    st.none() | _corrections,
    st.none() | st.just("=1+1"),
)
_corrected = st.builds(
    lambda corrected: {"rating": None, "corrected_output": corrected, "comment": None},
    _corrections,
)
_words = st.one_of(_rated, _rated, _corrected, st.just(RETRACTED))
# Where these are answered, hardly anything is refused because of its trace.
ANSWERED = ("tr-1", "tr-2")
_traces = st.sampled_from([*ANSWERED, *ANSWERED, "tr-3"])
_rows = st.builds(Row, st.sampled_from(ANSWERED), _users, _rated, st.none() | _keys)
_any_rows = st.builds(Row, _traces, _users, _words, st.none() | _keys)
# One user who goes back and forth, in files that know nothing of each other.
_undecided = st.builds(
    lambda rating: Row(
        "tr-1", "ann", {"rating": rating, "corrected_output": None, "comment": None}
    ),
    _ratings,
)
predicts = st.builds(Predict, st.sampled_from(["tr-1", "tr-3", "tr-4"]), _texts, _topics)
says = st.builds(Say, _traces, _voters, _words, _keys)
takes_in = st.builds(
    TakeIn,
    st.one_of(st.lists(_rows, max_size=5), st.lists(_any_rows, max_size=3)).map(tuple),
    st.booleans(),
)
goes_back_and_forth = st.builds(
    TakeIn, st.lists(_undecided, min_size=1, max_size=3).map(tuple), st.just(False)
)
fetches = st.builds(Fetch, st.sampled_from(["crm", "lab"]), st.none() | st.just(1))
writes = st.one_of(predicts, says, says, takes_in, goes_back_and_forth)
