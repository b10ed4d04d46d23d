"""Drift against the version before: what chance does to a sample is none, what moves it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import DatasetReport, Shape, check_dataset, fold_dataset, settle
from dspyui_core.datasets.checks.drift import DriftCheck
from dspyui_core.datasets.drifting import divergence, largest_gap, stability
from dspyui_core.datasets.shape import LENGTH_EDGES, length_counts
from dspyui_core.datasets.versions.comparing import Before
from dspyui_core.spec import DriftSpec
from unit.datasets.helpers import SMALL, make_spec, topics, write_csv

CLASSES = [f"c{number:02}" for number in range(77)]


def shape_with(counts: Any, lengths: Any = None) -> Shape:
    classes = {name: int(n) for name, n in zip(CLASSES, counts, strict=False) if n}
    return Shape(
        rows=int(sum(counts)),
        classes={"intent": classes},
        lengths={"text": tuple(int(n) for n in (() if lengths is None else lengths))},
        quarantined={},
        near_duplicates=0,
    )


def drifts(now: Shape, before: Shape, **options: Any) -> list[str]:
    return list(DriftCheck(DriftSpec(**options)).drifts(now, before, seed=0))


def test_without_drift_a_hundred_rows_of_77_classes_are_a_false_alarm_in_two_percent_at_most() -> (
    None
):
    chance = np.random.default_rng(1)
    shares = chance.dirichlet(np.full(77, 3.0))
    lengths = chance.dirichlet(np.full(20, 2.0))

    alarms = sum(
        bool(
            drifts(
                shape_with(chance.multinomial(100, shares), chance.multinomial(100, lengths)),
                shape_with(chance.multinomial(before, shares), chance.multinomial(before, lengths)),
            )
        )
        for before in (100, 1_000)
        for _ in range(25)
    )

    assert alarms <= 1


def test_the_plain_threshold_of_a_fifth_would_always_alarm_there() -> None:
    chance = np.random.default_rng(7)
    draws = chance.multinomial(100, np.full(77, 1 / 77), size=(2, 50))

    assert (stability(draws[0], draws[1]) > 0.2).all()


def test_a_label_that_takes_over_is_drift_and_is_named() -> None:
    before = [200, 200, 200]
    now = [500, 60, 60]

    (told,) = drifts(shape_with(now), shape_with(before))

    assert told.startswith("intent: PSI 1.0")
    assert "Jensen-Shannon" in told
    assert told.endswith("most of all c00 from 33% to 81%")


def test_the_distances_are_those_of_the_textbook() -> None:
    # By hand, with half a row added to each count: shares 80.5/101 and 20.5/101, and the reverse.
    ours, theirs = np.array([[80, 20]]), np.array([[20, 80]])
    p, q = 80.5 / 101, 20.5 / 101

    assert stability(ours, theirs)[0] == pytest.approx(2 * (p - q) * np.log(p / q))
    bits = p * np.log2(p / 0.5) + q * np.log2(q / 0.5)
    assert divergence(ours, theirs)[0] == pytest.approx(np.sqrt(bits))
    assert largest_gap(ours, theirs)[0] == pytest.approx(0.6)


def test_lengths_fall_into_bins_of_half_a_power_of_two() -> None:
    counts = length_counts(["", "a", "ab", "a" * 31, "a" * 32, "a" * 5_000_000])

    assert sum(counts) == 6
    assert counts[:3] == (1, 1, 1)
    assert counts[LENGTH_EDGES.index(32) + 1] == 1
    assert counts[-1] == 1


def stored(folder: Path, engine: Engine, rows: Any) -> tuple[Before, DatasetReport]:
    """A first version in the store, and what was reported of it."""
    spec = make_spec(str(write_csv(folder / "rows.csv", rows)))
    first = settle(fold_dataset(spec, (), upto=0), engine, folder / "s")
    return Before(folder / "s", first.ref), first.report


def test_a_first_version_drifts_from_nothing_and_the_same_again_does_not_drift(
    tmp_path: Path, engine: Engine
) -> None:
    before, first = stored(tmp_path, engine, topics(60))
    spec = make_spec(str(tmp_path / "rows.csv"))

    again = check_dataset(spec, engine=engine, before=before)

    assert before.shape == first.shape
    assert [c.severity for r in (first, again) for c in r.checks if c.name == "drift"] == [
        "pass",
        "pass",
    ]


@pytest.mark.parametrize(
    ("options", "verdict", "severity"),
    [({}, "warn", "warn"), ({"severity": "block"}, "blocked", "block"),
     ({"severity": "off"}, "pass", "pass")],
)  # fmt: skip
def test_longer_texts_are_drift_and_the_spec_says_what_follows(
    options: dict[str, Any], verdict: str, severity: str, tmp_path: Path, engine: Engine
) -> None:
    rows = topics(60)
    before, _ = stored(tmp_path, engine, rows)
    longer = [{**row, "text": row["text"] + f" {row['text'][::-1]}" * 3} for row in rows]

    path = write_csv(tmp_path / "rows.csv", longer)
    spec = make_spec(str(path), checks={**SMALL, **({"drift": options} if options else {})})
    report = check_dataset(spec, before=before)

    drift = next(check for check in report.checks if check.name == "drift")
    assert (report.verdict, drift.severity) == (verdict, severity)
    assert ("lengths of text: KS 1.00" in drift.message) is (severity != "pass")
