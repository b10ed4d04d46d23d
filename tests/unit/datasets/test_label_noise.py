"""Labels that the other rows make unlikely: found, told, never changed, and never the holdout's."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from dspyui_core.datasets import DatasetReport, check_dataset
from unit.datasets.helpers import SMALL, make_spec, write_csv

WORDS = {
    "refund": "money back returned charge refund paid twice payment cashback reverse",
    "cancel": "stop end cancel subscription quit close terminate leave account off",
    "status": "where parcel track delivery arrived late courier shipped order transit",
}
OTHER = "please my the a i it was for this when today again help with you want"


def rows_with(wrong: int, count: int = 300, part: str = "train") -> tuple[list[Any], set[int]]:
    """Rows of three intents by their words; the first `wrong` of a shuffle have another's label."""
    chance = random.Random(0)
    names = sorted(WORDS)
    rows = [
        {
            "text": " ".join(
                chance.sample(WORDS[names[n % 3]].split(), 4) + chance.sample(OTHER.split(), 5)
            ),
            "intent": names[n % 3],
            "part": part,
        }
        for n in range(count)
    ]
    flipped = set(chance.sample(range(count), wrong))
    for number in flipped:
        rows[number]["intent"] = names[(names.index(rows[number]["intent"]) + 1) % 3]
    held = [{**row, "text": f"{row['text']} {n} zz", "part": "holdout"} for n, row in
            enumerate(rows_of_holdout())]  # fmt: skip
    return [*rows, *held], {number + 1 for number in flipped}


def rows_of_holdout() -> list[dict[str, str]]:
    """Holdout rows whose labels are all wrong."""
    names = sorted(WORDS)
    return [
        {"text": " ".join(reversed(WORDS[name].split())), "intent": names[(n + 1) % 3]}
        for n, name in enumerate(names)
    ]


def checked(folder: Path, rows: Any, **noise: Any) -> DatasetReport:
    path = write_csv(folder / "rows.csv", rows)
    checks = {
        **SMALL,
        "minimum_validation": 1,
        "near_duplicate_similarity": 0.95,
        **({"label_noise": noise} if noise else {}),
    }
    validation = [{**rows[0], "text": "one more row to look at", "part": "validation"}]
    write_csv(path, [*rows, *validation])
    return check_dataset(make_spec(str(path), split_column="part", checks=checks))


def test_most_wrong_labels_are_doubted_and_few_right_ones(tmp_path: Path) -> None:
    rows, wrong = rows_with(20)

    report = checked(tmp_path, rows)

    doubted = {doubt.row for doubt in report.doubts}
    assert len(doubted & wrong) >= 15
    assert len(doubted - wrong) <= 5
    result = next(check for check in report.checks if check.name == "label_noise")
    assert (result.severity, result.count) == ("warn", len(doubted))
    assert set(result.rows) == doubted


def test_a_doubt_says_what_other_rows_make_likely_and_changes_nothing(tmp_path: Path) -> None:
    rows, wrong = rows_with(20)

    report = checked(tmp_path, rows)

    names = sorted(WORDS)
    for doubt in (d for d in report.doubts if d.row in wrong):
        assert doubt.row is not None
        given = rows[doubt.row - 1]["intent"]
        assert (doubt.column, doubt.value, doubt.source) == ("intent", given, "rows.csv")
        assert doubt.suggestion == names[(names.index(given) - 1) % 3]
        assert 0 <= doubt.score < 0.5
    assert report.accepted == len(rows) + 1
    assert [d.score for d in report.doubts] == sorted(d.score for d in report.doubts)


def test_the_holdout_is_not_looked_at(tmp_path: Path) -> None:
    rows, _ = rows_with(20)
    first_held = len(rows) - len(WORDS) + 1

    report = checked(tmp_path, rows)

    assert all(doubt.row is not None and doubt.row < first_held for doubt in report.doubts)


def test_only_the_worst_are_listed_and_the_message_says_of_how_many(tmp_path: Path) -> None:
    rows, _ = rows_with(20)

    every, worst = checked(tmp_path, rows).doubts, checked(tmp_path, rows, worst=3)

    assert worst.doubts == every[:3]
    result = next(check for check in worst.checks if check.name == "label_noise")
    assert f"the worst of {len(every)}" in result.message


def test_few_rows_are_not_judged_and_sound_ones_are_not_doubted(tmp_path: Path) -> None:
    few, _ = rows_with(10, count=90)
    sound, _ = rows_with(0)

    assert checked(tmp_path, few).doubts == ()
    assert checked(tmp_path, sound).doubts == ()


def test_of_many_rows_a_fixed_draw_is_looked_at(tmp_path: Path) -> None:
    rows, wrong = rows_with(20)

    first, again = (checked(tmp_path, rows, maximum_rows=150).doubts for _ in range(2))

    assert first == again
    assert 0 < len({doubt.row for doubt in first} & wrong) < 15
