"""What the poison benchmark plants, counts, and when its bars hold."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dspyui_core.datasets import fold_dataset
from dspyui_core.spec import read_spec
from support.benchmarks import loaded

INTENTS = ("arrival", "block", "limit")


@pytest.fixture(scope="module")
def poison() -> ModuleType:
    return loaded("poison")


@pytest.fixture(scope="module")
def poisoners() -> ModuleType:
    return loaded("poisoners")


def _material(count: int) -> Any:
    users = loaded("users")
    live = [users.Message(f"asked {n}", INTENTS[n % 3]) for n in range(count)]
    gold = [users.Message(f"own {n}", INTENTS[n % 3]) for n in range(9)]
    return users.Material(_spec(), gold, gold[:3], live, ())


def _spec() -> dict[str, Any]:
    return {
        "name": "inbox",
        "signature": {
            "instructions": "Name the intent.",
            "inputs": {"text": "str"},
            "outputs": {"intent": {"type": "literal", "values": list(INTENTS)}},
        },
    }


def _honest(poisoners: ModuleType, material: Any) -> Any:
    return poisoners.honest_words(material, ["arrival"] * len(material.live), seed=0)


def test_a_tenth_of_all_words_follow_the_plan_where_nobody_else_speaks(
    poisoners: ModuleType,
) -> None:
    material = _material(600)
    honest = _honest(poisoners, material)

    words = poisoners.with_adversaries(honest, material, poisoners.ONE, 0)

    poison = [word for word in words if word.user.startswith("mallory")]
    assert len(poison) / len(words) == pytest.approx(0.1, abs=0.005)
    assert {word.user for word in poison} == {"mallory-0"}
    follows = {"arrival": "block", "block": "limit", "limit": "arrival"}
    assert all(word.meant == follows[word.message.intent] for word in poison)
    assert not {word.message for word in poison} & {word.message for word in honest}
    assert Counter(word for word in words if word not in poison) == Counter(honest)


def test_five_share_what_one_would_say(poisoners: ModuleType) -> None:
    material = _material(600)
    honest = _honest(poisoners, material)

    one, five = (
        [w for w in poisoners.with_adversaries(honest, material, attack, 0) if w not in honest]
        for attack in (poisoners.ONE, poisoners.FIVE)
    )

    assert sorted(w.message.text for w in one) == sorted(w.message.text for w in five)
    by_user = Counter(word.user for word in five)
    assert len(by_user) == 5
    assert max(by_user.values()) - min(by_user.values()) <= 1


def test_without_the_gate_trust_is_off_and_all_else_is_the_same(
    poisoners: ModuleType, tmp_path: Path
) -> None:
    spec = read_spec(_material(0).write(tmp_path, 0))

    ungated = poisoners.without_trust(spec)

    assert spec.dataset.checks.rater_trust.severity == "quarantine"
    assert ungated.dataset.checks.rater_trust.severity == "off"
    assert ungated.dataset.checks.burst.severity == "off"
    assert fold_dataset(ungated, (), upto=0).version == fold_dataset(spec, (), upto=0).version


def _trials(poison: ModuleType, **accuracies: float) -> list[Any]:
    """Two seeds of each cell, by `attack_gate`; 0.8 where it is not said."""
    return [
        poison.Trial(
            data="example",
            attack=attack.name,
            gated=gated,
            seed=seed,
            accuracy=accuracies.get(f"{attack.name.split()[0]}_{gate}", 0.8) + seed / 10,
            honest=100,
            poison=10,
            refused=seed,
            refused_honest=0,
        )
        for seed in (1, 0)
        for attack in poison.ATTACKS
        for gate, gated in (("on", True), ("off", False))
    ]


def test_a_row_counts_what_is_lost_against_no_poison_and_no_gate(poison: ModuleType) -> None:
    rows = poison.summed(_trials(poison, none_off=0.82, one_on=0.79))

    assert [(row.attack, row.gate) for row in rows] == [
        (attack, gate) for attack in ("none", "one user", "five users") for gate in ("on", "off")
    ]
    (row,) = [row for row in rows if (row.attack, row.gate) == ("one user", "on")]
    assert row.accuracy == pytest.approx(0.84)
    assert row.costs == pytest.approx(3)
    assert (row.honest, row.poison, row.refused) == (100, 10, 0.5)


@pytest.mark.parametrize(
    ("accuracies", "holds"),
    [
        ({}, [True, True]),
        ({"one_on": 0.781}, [True, True]),
        ({"one_on": 0.779}, [False, True]),
        ({"none_off": 0.811}, [True, False]),
        ({"five_on": 0.5, "one_off": 0.5}, [True, True]),
    ],
)
def test_one_adversary_and_the_gate_may_cost_so_many_points(
    poison: ModuleType, accuracies: dict[str, float], holds: list[bool]
) -> None:
    bars = poison.bars(_trials(poison, **accuracies))

    assert [bar.holds for bar in bars] == holds


def test_every_seed_has_the_data_that_is_there(poison: ModuleType, tmp_path: Path) -> None:
    alone = [(world.data, world.seed) for world in poison.worlds(2, None)]
    both = [(world.data, world.seed) for world in poison.worlds(2, tmp_path)]

    assert alone == [("example", 0), ("example", 1)]
    assert both == [(data, seed) for seed in (0, 1) for data in ("banking-13", "example")]
