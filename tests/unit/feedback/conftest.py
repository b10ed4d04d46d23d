"""A state database with answers of three programs, and the service that takes what is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dspyui_core.feedback import FeedbackService
from dspyui_core.fields import Field
from dspyui_core.store.journal import Entry, Journal
from support.states import fresh_engine

TOPIC = Field(name="topic", type="literal", values=("billing", "delivery"))
OUTPUTS = {
    "tiny": (TOPIC, Field(name="level", type="int"), Field(name="note", optional=True)),
    "single": (TOPIC,),
    "rater": (Field(name="rating", type="int"),),
}


def output_fields(answer: Entry) -> Sequence[Field]:
    """The outputs of the program that answered."""
    return OUTPUTS[answer.program]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with fresh_engine(tmp_path) as opened:
        yield opened


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """tr-1 and tr-2 of tiny, s-1 and s-2 of single, r-1 of rater."""
    journal = Journal(engine)
    for trace in ("tr-1", "tr-2"):
        outputs = {"topic": "billing", "level": 1}
        journal.append_prediction("tiny", trace, {"inputs": {"text": "x"}, "outputs": outputs})
    for trace in ("s-1", "s-2"):
        answer = {"inputs": {"text": "x"}, "outputs": {"topic": "billing"}}
        journal.append_prediction("single", trace, answer, version=1)
    answer = {"inputs": {"comment": "great"}, "outputs": {"rating": 5}}
    journal.append_prediction("rater", "r-1", answer, version=2)
    return journal


@pytest.fixture
def service(journal: Journal) -> FeedbackService:
    return FeedbackService(journal, output_fields=output_fields)
