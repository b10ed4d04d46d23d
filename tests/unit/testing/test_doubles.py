"""The doubles that users can use keep their word."""

from __future__ import annotations

import asyncio

import dspy
import pytest
from sqlalchemy import Engine

from dspyui_core import programs
from dspyui_core.feedback import FeedbackService
from dspyui_core.lms import EMBEDDED_LM, lm_errors, metered, open_lm, using_lm
from dspyui_core.store.journal import Journal
from dspyui_core.testing import (
    ScriptedLM,
    SimulatedUser,
    simulated_users,
    tiny_rows,
    tiny_spec,
)

SPEC = tiny_spec()
RIGHT, WRONG = {"topic": "billing"}, {"topic": "account"}


@pytest.mark.parametrize("adapter", [dspy.ChatAdapter(), dspy.JSONAdapter()], ids=["chat", "json"])
def test_a_scripted_lm_says_its_lines_in_turn_and_then_follows_its_rule(
    adapter: dspy.Adapter,
) -> None:
    lm = ScriptedLM(RIGHT, WRONG, rule=lambda question: {"topic": "delivery"})
    program = programs.build(SPEC)

    with using_lm(lm), dspy.context(adapter=adapter):
        said = [program(text=f"question {number}").topic for number in range(4)]

    assert said == ["billing", "account", "delivery", "delivery"]
    assert lm.heard == [f"question {number}" for number in range(4)]


def test_a_scripted_lm_without_lines_fails_like_an_lm() -> None:
    with (
        using_lm(ScriptedLM()),
        lm_errors(),
        pytest.raises(dspy.utils.exceptions.LMError, match="said all its lines"),
    ):
        programs.build(SPEC)(text="hello")


def test_a_scripted_lm_can_be_awaited_and_its_calls_are_free_and_counted() -> None:
    with metered(ScriptedLM({"count": 3, "tags": ["a"]})) as meter:
        answer = asyncio.run(
            dspy.Predict("text -> count: int, tags: list[str]").acall(text="hello")
        )

    assert (answer.count, answer.tags) == (3, ["a"])
    assert (meter.calls, meter.usd) == (1, 0.0)


def test_the_tiny_rows_are_all_different_balanced_and_can_be_learned() -> None:
    rows = tiny_rows(120)
    program = programs.build(SPEC)
    program.predictors()[0].demos = [programs.example_of(row) for row in rows[:24]]

    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        right = [
            program(text=row.inputs["text"]).topic == row.labels["topic"] for row in rows[24:60]
        ]

    assert len({row.key for row in rows}) == 120
    assert {row.labels["topic"] for row in rows[:3]} == {"billing", "delivery", "account"}
    assert sum(right) / len(right) > 0.9


def test_a_careful_user_praises_what_is_right_and_corrects_what_is_wrong() -> None:
    (user,) = simulated_users(SPEC, 1)

    assert user.opinion(RIGHT, RIGHT).rating == "thumbs_up"
    assert user.opinion(WRONG, RIGHT).rating == "thumbs_down"
    assert user.opinion(WRONG, RIGHT).corrected_output == RIGHT


def test_a_careless_user_is_wrong_and_corrects_to_other_allowed_values() -> None:
    (user,) = simulated_users(SPEC, 1, noise=1.0)

    spoiled = user.opinion(RIGHT, RIGHT)

    assert user.opinion(WRONG, RIGHT).rating == "thumbs_up"
    assert spoiled.rating == "thumbs_down"
    assert spoiled.corrected_output in ({"topic": "delivery"}, {"topic": "account"})


def test_noise_and_silence_come_in_the_shares_that_were_asked_for() -> None:
    user = SimulatedUser("ann", SPEC.signature.outputs, noise=0.2, corrects=0.5)
    wrong = [{"topic": "account", "n": n} for n in range(400)]

    said = [user.opinion(answer, RIGHT) for answer in wrong]

    praised = sum(opinion.rating == "thumbs_up" for opinion in said) / len(said)
    silent = [o.corrected_output is None for o in said if o.rating == "thumbs_down"]
    assert praised == pytest.approx(0.2, abs=0.06)
    assert sum(silent) / len(silent) == pytest.approx(0.5, abs=0.08)


def test_users_differ_from_each_other_and_never_from_themselves() -> None:
    ann, bob = simulated_users(SPEC, 2, noise=0.5)
    answers = [{"topic": "account", "n": n} for n in range(30)]

    told = {
        user.user_id: [user.opinion(answer, RIGHT).rating for answer in answers]
        for user in (ann, bob)
    }

    assert told["user-1"] != told["user-2"]
    backwards = [ann.opinion(answer, RIGHT).rating for answer in reversed(answers)]
    assert backwards == told["user-1"][::-1]


def test_what_a_simulated_user_says_is_acceptable_feedback(engine: Engine) -> None:
    journal = Journal(engine)
    service = FeedbackService(journal, output_fields=lambda entry: SPEC.signature.outputs)
    users = simulated_users(SPEC, 5, noise=0.5)
    journal.append_prediction("tiny", "tr-1", {"inputs": {"text": "x"}, "outputs": WRONG})

    first = [user.tell(service, "tr-1", WRONG, RIGHT) for user in users]
    again = [user.tell(service, "tr-1", WRONG, RIGHT) for user in users]

    assert again == first
    assert {entry.user_id for entry in first} == {f"user-{n}" for n in range(1, 6)}
    assert all(entry.authenticated for entry in first)
