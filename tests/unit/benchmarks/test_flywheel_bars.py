"""What a life of the flywheel counts, and when its bars hold."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from scipy import stats

from dspyui_core.records import ScoreCard, ScoreRow
from dspyui_core.testing import tiny_spec
from support.benchmarks import loaded


@pytest.fixture(scope="module")
def flywheel() -> ModuleType:
    return loaded("flywheel")


@pytest.fixture(scope="module")
def loop() -> ModuleType:
    return loaded("loop")


def _card(right: int, *, of: int = 200) -> ScoreCard:
    rows = tuple(ScoreRow(row_id=str(n), score=float(n < right)) for n in range(of))
    return ScoreCard(
        program_digest=str(right), dataset_version="test", split="file", metric="m", rows=rows
    )


def test_a_program_is_shown_lower_only_where_the_interval_is(loop: ModuleType) -> None:
    assert loop.is_shown_lower(_card(120), _card(100))
    assert not loop.is_shown_lower(_card(120), _card(119))
    assert not loop.is_shown_lower(_card(100), _card(120))


@pytest.fixture
def stepped(loop: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes a step from a champion with 120 of 200 test rows right, and 0.6 on the holdout.

    A program is known by how many test rows it has right.
    """

    def step(*, candidate: int, on_holdout: float, promoted: bool = True) -> Any:
        compiled, serves = _model(loop, candidate), _model(loop, candidate if promoted else 120)
        details = SimpleNamespace(candidate=SimpleNamespace(run_id="run"))
        monkeypatch.setattr("dspyui_core.turn.turn_details", lambda ws, turn: details)
        monkeypatch.setattr(
            "dspyui_core.mlflow_loader.load_model_from_run", lambda *args, **named: compiled
        )
        observer = loop.Observer(
            ws=_workspace(serves),
            life=_life(loop),
            test=(),
            cards={str(right): _card(right) for right in (candidate, 120)},
            **dict.fromkeys(("served", "candidate", "peer"), _card(120)),
            peer_on_holdout=0.6,
        )
        return observer.step(1, _turn(on_holdout, promoted=promoted))

    return step


def _life(loop: ModuleType) -> Any:
    return loop.Life("example", users=loaded("users").NOISY, seed=0, material=None)


def _model(loop: ModuleType, right: int) -> Any:
    return loop.Compiled(program=None, spec=tiny_spec(), digest=str(right))


def _workspace(serves: Any) -> Any:
    return SimpleNamespace(
        client=None,
        folder=None,
        releases=SimpleNamespace(champion=lambda program: 2),
        models=SimpleNamespace(load_model=lambda program, version: serves),
    )


def _turn(on_holdout: float, *, promoted: bool) -> Any:
    return SimpleNamespace(
        turn="t-1",
        program="p",
        outcome="promoted" if promoted else "refused",
        scores=SimpleNamespace(candidate=on_holdout),
        dataset=SimpleNamespace(train=40),
        lm=SimpleNamespace(calls=7),
    )


@pytest.mark.parametrize(
    ("right", "lower", "false"), [(125, False, False), (119, True, False), (90, True, True)]
)
def test_a_promotion_is_lower_by_the_test_rows_and_false_where_they_show_it(
    stepped: Any, right: int, lower: bool, false: bool
) -> None:
    step = stepped(candidate=right, on_holdout=0.7)

    assert (step.champion, step.candidate) == (right / 200, right / 200)
    assert (step.lower, step.false, step.peer_lower) == (lower, false, lower)


def test_a_refused_candidate_serves_nobody_but_who_goes_by_the_mean(stepped: Any) -> None:
    step = stepped(candidate=90, on_holdout=0.61, promoted=False)

    assert (step.outcome, step.champion, step.candidate) == ("refused", 0.6, 0.45)
    assert (step.lower, step.false) == (False, False)
    assert (step.higher_mean, step.peer_lower) == (0.45, True)


def test_no_higher_mean_is_no_release_for_the_peer(stepped: Any) -> None:
    step = stepped(candidate=90, on_holdout=0.6, promoted=False)

    assert (step.higher_mean, step.peer_lower) == (0.6, False)


def _step(loop: ModuleType, **changes: Any) -> Any:
    content = {
        "data": "banking-13",
        "users": "noisy",
        "turn": 0,
        "seed": 0,
        "outcome": "promoted",
        "candidate": 0.5,
        "champion": 0.5,
        "higher_mean": 0.5,
        "lower": False,
        "false": False,
        "peer_lower": False,
        "train": 50,
        "lm_calls": 100,
    }
    return loop.Step(**(content | changes))


def test_a_turn_is_summed_over_its_seeds_and_counts_outcomes_and_wrong_promotions(
    flywheel: ModuleType, loop: ModuleType
) -> None:
    outcomes = ("promoted", "refused", "inconclusive", "blocked", "promoted")
    steps = [
        _step(loop, seed=n, outcome=o, train=n, lower=n < 2, false=n < 1, peer_lower=n < 3)
        for n, o in enumerate(outcomes)
    ]

    (row,) = flywheel.summed(steps)

    assert (row.promoted, row.refused, row.inconclusive, row.other) == (2, 1, 1, 1)
    assert (row.lower, row.false, row.peer_lower) == (2, 1, 3)
    assert (row.train, row.lm_calls) == (2, 100)


def test_lives_that_come_in_any_order_are_rows_in_the_order_of_turns(
    flywheel: ModuleType, loop: ModuleType
) -> None:
    steps = [
        _step(loop, data=data, users=users, seed=seed, turn=turn)
        for seed in (1, 0)
        for turn in (1, 0)
        for users in ("noisy", "clean")
        for data in ("example", "banking-13")
    ]

    rows = flywheel.summed(steps)

    assert [(row.data, row.users, row.turn) for row in rows] == [
        (data, users, turn)
        for data in ("banking-13", "example")
        for users in ("clean", "noisy")
        for turn in (0, 1)
    ]


def test_the_interval_is_the_one_that_scipy_gives(flywheel: ModuleType) -> None:
    scores = [0.71, 0.64, 0.69, 0.75, 0.66]

    low, high = stats.t.interval(0.95, 4, loc=fmean(scores), scale=stats.sem(scores))

    assert flywheel.interval(scores) == f"{low:.3f} to {high:.3f}"


def _rows(flywheel: ModuleType, loop: ModuleType, users: str, *gains: float) -> list[Any]:
    """Turn 0, a turn that says nothing, and turn 5, of two seeds; from nothing to the gains."""
    turns = {0: (0.0, 0.0), 3: (0.9, 0.9), 5: gains}
    return flywheel.summed(
        [
            _step(loop, users=users, turn=turn, seed=seed, candidate=scores[0], champion=scores[1])
            for turn, scores in turns.items()
            for seed in (0, 1)
        ]
    )


@pytest.mark.parametrize(
    ("noisy", "clean", "holds"),
    [
        ((0.08, 0.05), (0.11, 0.08), [True, True, True, True]),
        ((0.079, 0.05), (0.109, 0.08), [False, True, False, True]),
        ((0.08, 0.049), (0.11, 0.079), [True, False, True, False]),
    ],
)
def test_candidates_and_served_champions_have_to_rise_by_their_points(
    flywheel: ModuleType,
    loop: ModuleType,
    noisy: tuple[float, float],
    clean: tuple[float, float],
    holds: list[bool],
) -> None:
    rows = _rows(flywheel, loop, "noisy", *noisy) + _rows(flywheel, loop, "clean", *clean)

    assert [bar.holds for bar in flywheel.bars(rows)] == holds


def test_the_example_has_no_bars(flywheel: ModuleType, loop: ModuleType) -> None:
    steps = [
        _step(loop, data="example", turn=turn, seed=seed) for turn in (0, 5) for seed in (0, 1)
    ]

    assert flywheel.bars(flywheel.summed(steps)) == []


def test_every_seed_lives_with_both_kinds_of_users_and_with_the_data_that_is_there(
    flywheel: ModuleType, tmp_path: Path
) -> None:
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text(f"text,category\nasked in {name},card_arrival\n")

    alone, both = list(flywheel.lives(2, None)), list(flywheel.lives(2, tmp_path))

    banking = [life for life in both if life.data == "banking-13"]
    example = [life for life in both if life.data == "example"]
    kinds = [(seed, users) for seed in (0, 1) for users in ("noisy", "clean")]
    for lives in (alone, banking, example):
        assert [(life.seed, life.users.name) for life in lives] == kinds
    assert {life.data for life in alone} == {"example"}
    assert [m.text for m in banking[0].material(0).test] == ["asked in test.csv"]
    assert len(example[0].material(0).test) > 100
