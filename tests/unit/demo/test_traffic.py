"""The simulated traffic: who speaks, how often they err, and what of the truth gets through."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from deployments.demo.traffic import NOISE, REPEATED, Traffic, send
from dspyui_core.datasets import Row
from dspyui_core.store.journal import Entry
from dspyui_core.testing import tiny_rows, tiny_spec

SPEC = tiny_spec()
ROWS = tiny_rows(120)
WHENEVER: Any = None


class Desk:
    """Answers `billing` to everything, and remembers what it was asked and told."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.told: list[Entry] = []
        self.feedback = self

    def predict(self, program: str, inputs: dict[str, Any], *, user_id: str) -> Any:
        self.asked.append(inputs)
        return SimpleNamespace(trace_id=f"tr-{len(self.asked)}", outputs={"topic": "billing"})

    def record_feedback(
        self, trace_id: str, rating: str, corrected: Any, *, user_id: str, **keys: Any
    ) -> Entry:
        payload = {"rating": rating, "corrected_output": corrected}
        said = Entry(
            len(self.told), "feedback", "tiny", trace_id, user_id, True, 1, payload, WHENEVER
        )
        self.told.append(said)
        return said


def _sent(seed: int = 0, rows: tuple[Row, ...] = ROWS) -> tuple[Desk, Traffic]:
    desk = Desk()
    workspace: Any = desk
    return desk, send(workspace, SPEC, rows, seed=seed, on_sent=lambda done, total: None)


def test_every_message_is_asked_and_a_few_are_asked_twice() -> None:
    desk, traffic = _sent()

    texts = [inputs["text"] for inputs in desk.asked]

    assert set(texts) == {row.inputs["text"] for row in ROWS}
    assert traffic.predictions == len(texts) == len(ROWS) + round(len(ROWS) * REPEATED)


def test_the_program_is_asked_inputs_and_never_given_a_label() -> None:
    desk, _ = _sent()

    assert all(set(inputs) == {"text"} for inputs in desk.asked)


def test_half_of_the_users_never_say_anything() -> None:
    desk, traffic = _sent()

    assert traffic.silent == traffic.users / 2
    assert len({entry.user_id for entry in desk.told}) <= traffic.users / 2
    assert traffic.ratings == len(desk.told)
    assert 0.35 < traffic.ratings / traffic.predictions < 0.65


def test_about_a_tenth_of_what_is_said_is_wrong() -> None:
    shares = [traffic.wrong / traffic.ratings for _, traffic in map(_sent, range(20))]

    assert sum(shares) / len(shares) == pytest.approx(NOISE, abs=0.03)


def test_what_is_counted_is_what_was_said() -> None:
    desk, traffic = _sent()
    said = [entry.payload for entry in desk.told]

    assert traffic.thumbs_up == sum(payload["rating"] == "thumbs_up" for payload in said)
    assert traffic.corrections == sum(payload["corrected_output"] is not None for payload in said)
    assert traffic.corrections > 0


def test_the_seed_decides_everything_and_another_one_something_else() -> None:
    def said(seed: int) -> list[tuple[str | None, Any]]:
        return [(entry.user_id, entry.payload) for entry in _sent(seed)[0].told]

    assert said(1) == said(1)
    assert said(1) != said(2)
