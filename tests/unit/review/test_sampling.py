from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.datasets import input_text, row_key
from dspyui_core.datasets.splitting.ledger import Ledger, Place
from dspyui_core.review import draw, place_in_line
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry
from dspyui_core.testing import tiny_spec

AT = datetime(2025, 1, 1, tzinfo=UTC)
WORDS = "amber birch cedar delta ember fjord grove haven inlet jetty knoll larch"
# Texts that have nothing in common.
TEXTS = tuple(f"{word * 2} {number} {word[::-1]}" for number, word in enumerate(WORDS.split()))


def served(*texts: str, topic: str = "billing") -> list[Entry]:
    return [_entry(number, {"text": text}, topic) for number, text in enumerate(texts, 1)]


def _entry(position: int, inputs: Mapping[str, Any], topic: str) -> Entry:
    payload = {"inputs": dict(inputs), "outputs": {"topic": topic}}
    return Entry(position, "prediction", "tiny", f"t{position}", None, False, 1, payload, AT)


def known(*texts: str) -> Ledger:
    places = {row_key({"text": t}): Place("train", "g", input_text({"text": t})) for t in texts}
    return Ledger(places, len(places))


def sharing(share: float) -> ProgramSpec:
    spec = tiny_spec(name="tiny")
    return spec.model_copy(
        update={"feedback": spec.feedback.model_copy(update={"audit_share": share})}
    )


def drawn(*texts: str, ledger: Ledger | None = None, **options: Any) -> list[str]:
    found = draw(sharing(1.0), served(*texts), ledger or Ledger(), **options)
    return [one.inputs["text"] for one in found.drawn]


def test_a_count_draws_the_first_in_line_whatever_order_they_came_in() -> None:
    first = drawn(*TEXTS, count=4)
    again = drawn(*reversed(TEXTS), count=4)

    assert first == again
    assert (
        first == sorted(TEXTS, key=lambda text: place_in_line("tiny", row_key({"text": text})))[:4]
    )


def test_what_was_answered_changes_nothing() -> None:
    spec = sharing(0.5)

    one = draw(spec, served(*TEXTS), Ledger())
    other = draw(spec, served(*TEXTS, topic="account"), Ledger())

    assert [s.key for s in one.drawn] == [s.key for s in other.drawn]
    assert 0 < len(one.drawn) < len(TEXTS)


def test_an_input_that_was_asked_twice_is_drawn_once_from_its_first_trace() -> None:
    found = draw(sharing(1.0), served(TEXTS[0], TEXTS[0].upper()), Ledger())

    assert [one.trace_id for one in found.drawn] == ["t1"]
    assert found.served == 1


def test_inputs_that_have_or_nearly_have_their_split_are_passed_over() -> None:
    near = "my parcel never came to the house, please help"
    found = draw(
        sharing(1.0),
        served(*TEXTS[:3], f"{near} me"),
        known(TEXTS[0], near),
    )

    assert {one.inputs["text"] for one in found.drawn} == set(TEXTS[1:3])
    assert (found.served, found.known, found.near) == (4, 1, 1)


def test_of_inputs_that_nearly_repeat_each_other_one_is_drawn() -> None:
    near = "my parcel never came to the house, please help"

    assert len(drawn(near, f"{near} me", f"{near} us")) == 1


def test_inputs_that_do_not_fit_the_signature_are_not_drawn() -> None:
    strange = [_entry(9, {"question": "hm"}, "billing"), _entry(10, {"text": None}, "billing")]

    assert not draw(sharing(1.0), strange, Ledger()).drawn


def test_more_than_there_are_draws_all() -> None:
    assert set(drawn(*TEXTS, count=500)) == set(TEXTS)


@given(st.integers(0, 12), st.integers(0, 12))
def test_who_is_drawn_stays_drawn_when_more_is_asked_for(few: int, more: int) -> None:
    smaller, larger = drawn(*TEXTS, count=min(few, more)), drawn(*TEXTS, count=max(few, more))

    assert larger[: len(smaller)] == smaller


def test_a_share_draws_about_that_share() -> None:
    places = [place_in_line("tiny", str(number)) for number in range(5000)]

    assert 70 < sum(place < 0.02 for place in places) < 130
    assert all(0 <= place < 1 for place in places)
