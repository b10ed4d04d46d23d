"""Banking77 as published leaks; the gate reports what an exact computation finds.

DSPYUI_BANKING77 names the folder with its train.csv and test.csv; without it, and without one
beside the checkout, there is nothing to look at.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dspyui_core.datasets import DatasetReport, check_dataset
from dspyui_core.text import character_ngrams, words
from support.home import ROOT
from unit.datasets.helpers import SMALL, make_spec

FOLDER = Path(os.environ.get("DSPYUI_BANKING77", ROOT.parent / "shared" / "data" / "banking77"))
Postings = Mapping[str, NDArray[np.int64]]
SIMILARITY = 0.7
FEWEST = 0.95

pytestmark = pytest.mark.skipif(
    not (FOLDER / "train.csv").exists(), reason="Banking77 is not here: set DSPYUI_BANKING77"
)


@dataclass(frozen=True)
class Exact:
    """What comparing all rows finds, by data row.

    `repeated` has each row of train that says in the same words what earlier ones say, with those;
    `equal` and `near` each test row with the train rows that it is equal to in words, or nearly
    repeats.
    """

    repeated: dict[int, set[int]]
    equal: dict[int, set[int]]
    near: dict[int, set[int]]


@pytest.fixture(scope="module")
def report() -> DatasetReport:
    """The check of train as train, and of test as a holdout of its own."""
    sources = [
        {"path": str(FOLDER / "train.csv"), "split": "train"},
        {"path": str(FOLDER / "test.csv"), "split": "holdout"},
    ]
    checks = {**SMALL, "label_noise": {"severity": "off"}}
    return check_dataset(make_spec(*sources, columns={"intent": "category"}, checks=checks))


@pytest.fixture(scope="module")
def exact() -> Exact:
    """Every test text against every train text that shares a gram, counted gram by gram."""
    train, test = _texts("train"), _texts("test")
    spoken = defaultdict[str, list[int]](list)
    for number, text in enumerate(train, 1):
        spoken[" ".join(words(text))].append(number)
    grams = [frozenset[str](), *(character_ngrams(text, 4) for text in train)]
    met = defaultdict[str, list[int]](list)
    for number, found in enumerate(grams):
        for gram in found:
            met[gram].append(number)
    having = {gram: np.array(numbers) for gram, numbers in met.items()}
    asked = {number: " ".join(words(text)) for number, text in enumerate(test, 1)}
    alike = {number: _near(text, grams, having) for number, text in enumerate(test, 1)}
    return Exact(
        repeated={number: {*same} for same in spoken.values() for number in same[1:]},
        equal={number: {*spoken[said]} for number, said in asked.items() if said in spoken},
        near={number: found for number, found in alike.items() if found},
    )


def test_all_that_leaks_from_the_test_file_is_reported(report: DatasetReport, exact: Exact) -> None:
    reported = _reported(report)

    found = [number for number, same in exact.equal.items() if same <= reported]

    assert len(exact.equal) == 25
    assert len(found) == 25


def test_the_near_duplicates_of_the_test_file_are_reported(
    report: DatasetReport, exact: Exact
) -> None:
    reported = _reported(report)

    found = [number for number, alike in exact.near.items() if alike <= reported]

    assert len(exact.near) / len(_texts("test")) == pytest.approx(0.137, abs=0.002)
    assert len(found) / len(exact.near) >= FEWEST


def test_the_duplicates_of_the_train_file_are_reported(report: DatasetReport, exact: Exact) -> None:
    near = next(check for check in report.checks if check.name == "near_duplicates")

    found = _reported(report) | {*near.rows}
    assert len(exact.repeated) == 31
    # Where the row that it repeats is refused because it leaks, it is no duplicate any more.
    assert all(
        number in found or found >= same - {number} for number, same in exact.repeated.items()
    )


def test_what_is_neither_equal_nor_near_is_accepted(report: DatasetReport, exact: Exact) -> None:
    refused = {row.row for row in report.quarantined if row.source == "train.csv"}

    leaking = set[int]().union(*exact.near.values(), *exact.equal.values())

    # A train row that is near to nothing in the test file is only refused for what it hangs on.
    assert refused <= leaking


def _reported(report: DatasetReport) -> set[int]:
    """The rows of train that the report names as leaking, or as copies."""
    copies = next(check for check in report.checks if check.name == "exact_duplicates")
    leaking = {row.row for row in report.quarantined if row.source == "train.csv"}
    return {*copies.rows} | {number for number in leaking if number is not None}


def _near(text: str, grams: Sequence[frozenset[str]], having: Postings) -> set[int]:
    mine = character_ngrams(text, 4)
    met = [having[gram] for gram in mine if gram in having]
    shared = np.bincount(np.concatenate(met)) if met else np.empty(0, np.int64)
    return {
        number
        for number in np.flatnonzero(shared >= SIMILARITY * len(mine) - 1).tolist()
        if shared[number] / (len(mine) + len(grams[number]) - shared[number]) >= SIMILARITY
    }


def _texts(name: str) -> list[str]:
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file)]
