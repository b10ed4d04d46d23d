"""Users whose words do not fit what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dspyui_core.datasets import Gold, Row, fold
from dspyui_core.datasets.splitting.assigning import Assigned, preview
from dspyui_core.datasets.trust.distrusting import trusted
from dspyui_core.datasets.trust.raters import Rater, distrusted_raters
from dspyui_core.spec import RaterTrustSpec, Shares
from dspyui_core.testing import tiny_rows, tiny_spec
from unit.datasets.helpers import Diary

ROWS = tiny_rows(120)
GOLD = ROWS[:45]
NEXT = {"billing": "delivery", "delivery": "account", "account": "billing"}
LEARNING = Shares(train=0.8, validation=0.2, holdout=0)


class Crowd(Diary):
    """Users of the tiny program, each with rows of which nobody else speaks."""

    def __init__(self) -> None:
        super().__init__()
        self._fresh = list(ROWS[45:])

    def speaks(self, user: str, times: int, *, wrong: int = 0, sure: bool = True) -> list[str]:
        """So many corrections, the last of them wrong; returns their traces."""
        rows, self._fresh = self._fresh[:times], self._fresh[times:]
        return [
            self.says_of(row, user, wrong=number >= times - wrong, sure=sure)
            for number, row in enumerate(rows)
        ]

    def says_of(self, row: Row, user: str, *, wrong: bool, sure: bool = True) -> str:
        """A correction of an answer that was neither right nor what is meant."""
        trace, right = f"t{len(self.entries)}", row.labels["topic"]
        meant = NEXT[right] if wrong else right
        (other,) = set(NEXT) - {right, NEXT[right]}
        self._write(
            "prediction",
            trace,
            {"inputs": dict(row.inputs), "outputs": {"topic": other}},
            None,
            authenticated=False,
        )
        self.says(trace, "thumbs_down", user, sure=sure, corrected_output={"topic": meant})
        return trace

    def honest(self, users: int = 4, times: int = 12) -> None:
        """Users of whom each errs once."""
        for number in range(users):
            self.speaks(f"user-{number}", times, wrong=1)


def assigned(
    crowd: Crowd, *gold: Row, severity: str = "quarantine", shares: Shares = LEARNING
) -> Assigned:
    """The crowd's feedback beside gold rows, with splits."""
    checks = {"rater_trust": {"severity": severity}, "near_duplicate_similarity": 1.0}
    spec = tiny_spec(
        name="p",
        dataset={"sources": "rows.csv", "checks": checks},
        feedback={"free_rows": 1_000, "max_class_rows": 1_000},
    )
    rows = gold or GOLD
    found = fold(Gold(spec, rows, (), 0, len(rows), ()), crowd.entries, upto=10**6)
    return preview(found, shares, 1.0)


def distrusted(dataset: Assigned, **options: Any) -> list[str]:
    return [rater.party for rater in distrusted_raters(dataset, RaterTrustSpec(**options))]


def test_who_corrects_by_a_plan_is_found_among_users_who_err_now_and_then() -> None:
    crowd = Crowd()
    crowd.honest()
    crowd.speaks("mallory", 12, wrong=12)

    (rater,) = distrusted_raters(assigned(crowd), RaterTrustSpec())

    assert isinstance(rater, Rater)
    assert (rater.party, rater.words) == ("user mallory", 12)
    assert rater.doubtful >= 10
    assert rater.chance < 0.001


def test_their_rows_wait_for_a_second_user_and_nobody_elses_do() -> None:
    crowd = Crowd()
    crowd.honest()
    traces = crowd.speaks("mallory", 12, wrong=12)
    crowd.says(traces[0], "thumbs_down", "user-0", corrected_output={"topic": "billing"})
    before = assigned(crowd)

    after = trusted(before)

    waiting = {finding.trace_id for finding in after.findings if finding.check == "rater_trust"}
    assert waiting == set(traces[1:])
    assert {row.user_id for row in after.rows if row.is_feedback} >= {f"user-{n}" for n in range(4)}
    assert len(after.rows) == len(before.rows) - len(waiting)
    assert {place.key for place in after.new} == {row.key for row in after.rows}
    finding = next(f for f in after.findings if f.trace_id == traces[1])
    assert "rests on the word of one user alone" in finding.problem.reason
    assert "second authenticated user or a reviewer" in finding.problem.remedy


def test_a_second_user_lets_a_row_of_theirs_pass() -> None:
    crowd = Crowd()
    crowd.honest()
    traces = crowd.speaks("mallory", 12, wrong=11)
    right = ROWS[45 + 4 * 12].labels["topic"]
    crowd.says(traces[0], "thumbs_down", "user-0", corrected_output={"topic": right})

    after = trusted(assigned(crowd))

    confirmed = [row for row in after.rows if row.trust == "confirmed"]
    assert [row.labels["topic"] for row in confirmed] == [right]
    assert len([f for f in after.findings if f.check == "rater_trust"]) == 11


def test_nobody_is_distrusted_who_errs_as_all_do() -> None:
    crowd = Crowd()
    for number in range(5):
        crowd.speaks(f"user-{number}", 12, wrong=6)

    assert distrusted(assigned(crowd)) == []


def test_of_too_few_words_and_without_others_nobody_is_judged() -> None:
    few, alone = Crowd(), Crowd()
    few.honest()
    few.speaks("mallory", 9, wrong=9)
    alone.speaks("mallory", 30, wrong=30)

    assert distrusted(assigned(few)) == []
    assert distrusted(assigned(few), minimum_words=9) == ["user mallory"]
    assert distrusted(assigned(alone)) == []


def test_all_who_are_not_authenticated_are_judged_together() -> None:
    crowd = Crowd()
    crowd.honest()
    for number in range(12):
        crowd.speaks(f"claimed-{number}", 1, wrong=1, sure=False)

    assert distrusted(assigned(crowd)) == ["all who are not authenticated"]


def test_contradicting_what_the_file_says_counts_against_a_user() -> None:
    crowd = Crowd()
    for row in GOLD[:12]:
        crowd.says_of(row, "mallory", wrong=True)
        crowd.says_of(row, "ann", wrong=False)

    assert distrusted(assigned(crowd)) == ["user mallory"]


def test_holdout_rows_have_no_say_in_who_is_distrusted() -> None:
    crowd = Crowd()
    hidden = [replace(row, split="holdout") for row in GOLD[:12]]
    for row in hidden:
        crowd.says_of(row, "mallory", wrong=True)
        crowd.says_of(row, "ann", wrong=False)
    gold = (*hidden, *GOLD[12:])

    dataset = assigned(crowd, *gold)

    assert len(dataset.of("holdout")) == 12
    assert distrusted(dataset) == []


@pytest.mark.parametrize(("severity", "noted"), [("warn", 12), ("off", 0)])
def test_a_check_that_does_not_quarantine_takes_no_row_out(severity: str, noted: int) -> None:
    crowd = Crowd()
    crowd.honest()
    crowd.speaks("mallory", 12, wrong=12)
    before = assigned(crowd, severity=severity)

    after = trusted(before)

    assert (after.rows, after.findings) == (before.rows, before.findings)
    assert len([note for note in after.notes if note.check == "rater_trust"]) == noted


def test_texts_without_a_word_raise_no_doubt() -> None:
    crowd = Crowd()
    blank = [
        Row.of({"text": "?" * (n + 1)}, {"topic": topic}, "gold", source="rows.csv")
        for n, topic in enumerate(("billing", "delivery"))
    ]
    for number in range(24):
        row = Row.of({"text": "!" * (number + 1)}, {"topic": "billing"}, "gold", source="x")
        crowd.says_of(row, f"user-{number % 2}", wrong=number % 2 == 0)

    assert distrusted(assigned(crowd, *blank)) == []


def test_of_a_user_with_very_many_words_a_draw_is_judged() -> None:
    words = [
        Row.of({"text": f"{row.inputs['text']} {number}"}, row.labels, "gold", source="x")
        for number in range(18)
        for row in ROWS[45:]
    ]
    crowd = Crowd()
    crowd.honest()
    for row in words:
        crowd.says_of(row, "mallory", wrong=True)

    (rater,) = distrusted_raters(assigned(crowd), RaterTrustSpec())

    assert len(words) > 1_000
    assert (rater.party, rater.words) == ("user mallory", 500)
