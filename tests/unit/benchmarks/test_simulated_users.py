"""What simulated users ask and say, and that no row of theirs is in two places."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dspyui_core.spec import read_spec
from support.benchmarks import loaded

INTENTS = ("card", "cash", "fees", "login", "refund")
DRAWS = 20_000
BANKING_INTENTS = ("card_arrival", "card_linking", "pending_top_up")


@pytest.fixture
def users() -> ModuleType:
    return loaded("users")


@pytest.fixture(scope="module")
def loop() -> ModuleType:
    return loaded("loop")


def _opinions(who: Any, answer: str, right: str) -> Counter[tuple[str, str | None] | None]:
    chance = random.Random(0)
    return Counter(who.opinion(answer, right, INTENTS, chance) for _ in range(DRAWS))


def test_seven_users_in_ten_say_nothing(users: ModuleType) -> None:
    for who in (users.NOISY, users.CLEAN):
        assert _opinions(who, "card", "card")[None] / DRAWS == pytest.approx(0.7, abs=0.01)


def test_clean_users_never_err(users: ModuleType) -> None:
    said = _opinions(users.CLEAN, "card", "card"), _opinions(users.CLEAN, "card", "cash")

    assert [set(opinions) - {None} for opinions in said] == [
        {("thumbs_up", None)},
        {("thumbs_down", "cash")},
    ]


def test_a_fifth_of_those_who_speak_rate_right_and_wrong_answers_wrongly(users: ModuleType) -> None:
    for right, wrongly in (("card", "thumbs_down"), ("cash", "thumbs_up")):
        said = _opinions(users.NOISY, "card", right)
        spoke = DRAWS - said.pop(None)
        rated = sum(count for opinion, count in said.items() if opinion and opinion[0] == wrongly)
        assert rated / spoke == pytest.approx(0.2, abs=0.02)


def test_a_tenth_of_the_corrections_of_a_wrong_answer_are_wrong_themselves(
    users: ModuleType,
) -> None:
    said = _opinions(users.NOISY, "card", "cash")

    down = {meant: n for (rating, meant), n in _spoken(said) if rating == "thumbs_down"}
    # Who means the answer itself has nothing to correct.
    assert set(down) == {"cash", "fees", "login", "refund", None}
    assert 1 - down["cash"] / sum(down.values()) == pytest.approx(0.1, abs=0.01)


def test_who_dislikes_a_right_answer_corrects_it_only_by_mistake(users: ModuleType) -> None:
    said = _opinions(users.NOISY, "card", "card")

    down = {meant: n for (rating, meant), n in _spoken(said) if rating == "thumbs_down"}
    assert "card" not in down
    assert down[None] / sum(down.values()) == pytest.approx(0.9, abs=0.03)


def _spoken(said: Counter[tuple[str, str | None] | None]) -> list[tuple[tuple[str, Any], int]]:
    return [(opinion, count) for opinion, count in said.items() if opinion is not None]


def test_messages_are_asked_once_each_before_any_is_asked_again(users: ModuleType) -> None:
    live = [users.Message(f"message {n}", "card") for n in range(10)]
    material = users.Material({}, (), (), live, ())

    days = material.asked(5, seed=1)
    first, second, again = next(days), next(days), next(days)

    assert {*first, *second} == set(live)
    assert again == first
    assert next(material.asked(5, seed=1)) == first
    assert next(material.asked(5, seed=2)) != first


def _csv(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "category"), *rows])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """20 messages of each of three intents, with copies, and intents that are not asked for."""
    train = [(f"about {i} {n}", i) for i in BANKING_INTENTS for n in range(20)]
    copies = [(f"About {i}, 0!", i) for i in BANKING_INTENTS]
    other = [("nobody asks for this", "exchange_rate")]
    test = [(f"ask {i} {n}", i) for i in BANKING_INTENTS for n in range(4)]
    _csv(tmp_path / "train.csv", [*train, *copies, *other])
    _csv(tmp_path / "test.csv", [*test, *test[:2], *copies, *other])
    return tmp_path


def test_banking_is_split_without_copies_and_leaves_nothing_out(
    users: ModuleType, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "HOLDOUT", 12)

    found = users.banking(0, data)

    assert Counter(message.intent for message in found.gold) == dict.fromkeys(BANKING_INTENTS, 5)
    parts = [found.gold, found.holdout, found.live, found.test]
    assert [len(part) for part in parts] == [15, 12, 33, 12]
    texts = [message.text for part in parts for message in part]
    assert len({text.lower() for text in texts}) == 72
    assert not [text for text in texts if "!" in text or "nobody" in text]
    assert all(message.text.startswith("ask ") for message in found.test)
    assert found.intents == sorted(BANKING_INTENTS)


def test_seeds_draw_other_rows_and_are_tested_on_the_same(users: ModuleType, data: Path) -> None:
    one, same, other = (users.banking(seed, data) for seed in (0, 0, 1))

    assert one == same
    assert set(one.gold) != set(other.gold)
    assert one.test == other.test


def test_a_program_learns_from_its_rows_and_is_judged_by_a_holdout_of_its_own(
    users: ModuleType, data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "program"
    folder.mkdir()
    material = users.banking(3, data)

    spec = read_spec(material.write(folder, 3))

    assert [(s.path.name, s.split) for s in spec.dataset.sources] == [
        ("train.csv", "auto"),
        ("holdout.csv", "holdout"),
    ]
    assert (spec.seed, spec.dataset.shares.holdout) == (3, 0)
    with (folder / "holdout.csv").open(newline="") as file:
        written = [(row["text"], row["intent"]) for row in csv.DictReader(file)]
    assert written == [(message.text, message.intent) for message in material.holdout]


class Town:
    """A workspace that answers everything alike, and hears what users say."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, str] | None, str]] = []
        self.feedback = self

    def predict(self, program: str, inputs: dict[str, str], *, user_id: str) -> Any:
        return SimpleNamespace(trace_id=inputs["text"], outputs={"intent": "card"})

    def record_feedback(
        self, trace: str, rating: str, corrected: Any, *, user_id: str, authenticated: bool
    ) -> None:
        self.heard.append((trace, rating, corrected, user_id))


def test_the_same_people_speak_whether_they_err_or_not(loop: ModuleType, users: ModuleType) -> None:
    messages = [users.Message(f"m{n}", INTENTS[n % 5]) for n in range(100)]
    towns = {}
    for who in (users.NOISY, users.CLEAN):
        towns[who.name] = Town()
        life = loop.Life("example", who, 0, users.example)
        loop.talk(towns[who.name], "program", messages, life, 1, list(INTENTS))

    noisy, clean = (
        [(trace, user) for trace, *_, user in towns[name].heard] for name in ("noisy", "clean")
    )
    assert noisy == clean
    assert 15 < len(noisy) < 45
    assert towns["noisy"].heard != towns["clean"].heard
    right = {message.text: message.intent for message in messages}
    assert all(
        corrected == (None if right[trace] == "card" else {"intent": right[trace]})
        for trace, _, corrected, _ in towns["clean"].heard
    )
