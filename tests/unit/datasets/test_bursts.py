"""Much feedback of one user at once."""

from __future__ import annotations

from datetime import timedelta

from dspyui_core.datasets import Fold
from dspyui_core.datasets.screening import screened
from dspyui_core.datasets.trust.bursts import Burst, bursts
from dspyui_core.spec import BurstSpec
from unit.datasets.helpers import AT, Diary
from unit.datasets.test_folding import folded


def speaks(diary: Diary, user: str | None, times: int, *, hour: float, sure: bool = True) -> None:
    """So many corrections, a minute apart, from an hour on."""
    for minute in range(times):
        diary.now = AT + timedelta(hours=hour, minutes=minute)
        trace = f"t{len(diary.entries)}"
        diary.predicts(trace, f"text of {trace}", "a")
        diary.corrects(trace, "b", user, sure=sure)


def usual_day(diary: Diary) -> None:
    """Eight users with three words each, an hour apart."""
    for number in range(8):
        speaks(diary, f"user-{number}", 3, hour=number)


def found(diary: Diary, **options: float) -> tuple[Burst, ...]:
    return bursts(folded(diary).votes, BurstSpec.model_validate(options))


def with_severity(fold: Fold, severity: str) -> Fold:
    checks = fold.spec.dataset.checks
    burst = checks.burst.model_copy(update={"severity": severity})
    dataset = fold.spec.dataset.model_copy(
        update={"checks": checks.model_copy(update={"burst": burst})}
    )
    spec = fold.spec.model_copy(update={"dataset": dataset})
    return Fold(
        **{name: getattr(fold, name) for name in Fold.__slots__ if name != "spec"}, spec=spec
    )


def test_much_feedback_of_one_user_within_an_hour_is_a_burst(diary: Diary) -> None:
    usual_day(diary)
    speaks(diary, "loud", 45, hour=30)

    told = found(diary)

    assert {burst.vote.voter.name for burst in told} == {"user loud"}
    assert (len(told), told[0].usual, told[0].began) == (45, 3, AT + timedelta(hours=30))


def test_as_much_over_two_days_is_none(diary: Diary) -> None:
    usual_day(diary)
    for hour in range(45):
        speaks(diary, "steady", 1, hour=30 + hour)

    assert found(diary) == ()


def test_all_who_are_not_authenticated_burst_together(diary: Diary) -> None:
    usual_day(diary)
    for number in range(40):
        speaks(diary, f"claimed-{number}", 1, hour=30 + number / 60, sure=False)

    assert len(found(diary)) == 40


def test_who_always_says_much_is_usual_and_so_is_what_everybody_does(diary: Diary) -> None:
    for hour in range(8):
        speaks(diary, "busy", 35, hour=2 * hour)
    usual_day(diary)
    assert found(diary) == ()

    other = Diary()
    for number in range(6):
        speaks(other, f"user-{number}", 50, hour=number * 3)
    assert found(other) == ()


def test_where_nobody_else_speaks_nobody_knows_what_is_usual(diary: Diary) -> None:
    speaks(diary, "loud", 60, hour=0)

    assert found(diary) == ()


def test_a_burst_is_noted_or_quarantined_as_the_spec_says(diary: Diary) -> None:
    usual_day(diary)
    # Of these the cap leaves twenty.
    speaks(diary, "loud", 31, hour=30)
    fold = folded(diary)

    warned, refused = (screened(with_severity(fold, name)) for name in ("warn", "quarantine"))

    noted = [note for note in warned.notes if note.check == "burst"]
    assert (len(noted), len(warned.rows), warned.version) == (20, 44, fold.version)
    assert noted[0].problem.reason == "came with 30 of its user within an hour, where 3 are usual"
    waiting = [finding for finding in refused.findings if finding.check == "burst"]
    assert (len(waiting), len(refused.rows)) == (20, 24)
    assert refused.version != fold.version


def test_rows_that_somebody_confirms_are_in_no_burst(diary: Diary) -> None:
    usual_day(diary)
    speaks(diary, "loud", 31, hour=30)
    diary.corrects("t48", "b", "ann")

    refused = screened(with_severity(folded(diary), "quarantine"))

    assert [row.trace_id for row in refused.rows if row.trust == "confirmed"] == ["t48"]
    assert len([finding for finding in refused.findings if finding.check == "burst"]) == 20
