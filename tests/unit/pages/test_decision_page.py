"""The decision page: the verdict first, all the evidence, one file, and nobody's words as code."""

from __future__ import annotations

import re

import pytest

from dspyui_core.pages import FailureCount, ReplayCounts, decision_page
from unit.pages.samples import Page, changed, facts, report, slice_of

HOSTILE = "</td><script>alert('x')</script><img src=http://example.com/x onerror=\"x\">\x00\u202e"


def heads(page: Page) -> list[str]:
    return page.texts["h2"]


def test_the_verdict_and_every_reason_come_first() -> None:
    page = Page(decision_page(report()))

    assert page.texts["strong"] == ["Promoted: the candidate, version 2"]
    assert page.texts["li"] == list(report().reasons)
    assert page.content.index("<li>") < page.content.index("<h2>")


def test_all_the_evidence_is_there_under_its_heading() -> None:
    assert heads(Page(decision_page(report()))) == [
        "Scores on the holdout",
        "The difference",
        "Slices",
        "Recent inputs of production",
        "What the holdout has spent, and can show",
        "Changed answers",
        "Failed rows",
        "Where it comes from",
    ]


def test_what_there_is_none_of_has_no_heading() -> None:
    bare = report(slices=(), replay=None, wear=None, changed=(), changed_rows=0, failures=())

    assert heads(Page(decision_page(bare))) == [
        "Scores on the holdout",
        "The difference",
        "Where it comes from",
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": "refused", "verdict": "refuse"}, "Refused"),
        ({"outcome": None, "verdict": "ask"}, "To be approved by a person"),
        ({"outcome": "abandoned"}, "Abandoned: the decision was not recorded"),
        ({"subject": "baseline"}, "Promoted: the uncompiled baseline, version 2"),
    ],
)
def test_the_heading_says_how_it_ended_and_for_whom(changes: dict[str, str], told: str) -> None:
    (strong,) = Page(decision_page(report(**changes))).texts["strong"]

    assert strong.startswith(told)


def test_the_numbers_of_the_comparison_and_the_look_are_there() -> None:
    page = Page(decision_page(report()))

    for number in ("+0.200 (+0.100 to +0.300)", "2 of 20"):
        assert number in [*page.texts["th"], *page.texts["td"]]
    for number in ("30", "6", "0.0001", "0.0025", "812 / 1,930", "0.4200", "0.550", "unknown"):
        assert number in page.texts["td"]
    assert "0.005 of 0.05" in page.texts["td"]


def test_it_says_how_many_answers_changed_and_that_it_shows_the_first() -> None:
    (caption,) = [c for c in Page(decision_page(report())).texts["caption"] if "differently" in c]

    assert caption.startswith("63 of 123 rows")
    assert caption.endswith("the first 1 are here, the lost ones first")


def test_a_failed_answer_shows_its_error_and_a_graded_one_its_score() -> None:
    failed = changed(candidate={}, candidate_score=None, candidate_error="LMError: away")
    graded = changed(opponent_score=0.75)
    page = Page(decision_page(report(changed=(failed, graded))))

    assert "LMError: away" in page.texts["bdi"]
    assert "score 0.750" in page.texts["div"]


def test_words_of_users_and_lms_never_become_elements() -> None:
    clean = Page(decision_page(report()))
    row = changed(
        row_id=HOSTILE,
        inputs={HOSTILE: HOSTILE, "b": 1},
        expected={"topic": HOSTILE},
        opponent={"topic": [HOSTILE]},
        candidate={},
        candidate_score=None,
        candidate_error=HOSTILE,
    )
    page = Page(
        decision_page(
            report(
                reasons=(HOSTILE,),
                message=HOSTILE,
                changed=(row,),
                slices=(slice_of(HOSTILE, HOSTILE),),
                failures=(FailureCount(role=HOSTILE, error=HOSTILE, rows=1),),
                facts=facts(note=HOSTILE, lm=HOSTILE),
            )
        )
    )

    assert {name for name, _ in page.elements} <= {name for name, _ in clean.elements} | {"bdi"}
    assert not [a for _, given in page.elements for a in given if a.startswith("on")]
    assert "\x00" not in page.content
    assert "\u202e" not in page.content
    assert "alert('x')" in "".join(page.texts["bdi"])


def test_fifty_answers_of_a_megabyte_make_a_page_that_can_be_sent() -> None:
    huge = {"text": "x" * 1_000_000}
    rows = [changed(n, inputs=huge, expected=huge, opponent=huge) for n in range(50)]

    assert len(decision_page(report(changed=tuple(rows)))) < 400_000


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = Page(decision_page(report()))
    (policy,) = [m["content"] for m in page.named("meta") if "http-equiv" in m]

    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not page.named("script") + page.named("link") + page.named("img")
    assert not re.search(r"url\(|@import|https?:", page.content)


def test_a_screen_reader_finds_its_way() -> None:
    page = Page(decision_page(report()))

    assert page.named("html") == [{"lang": "en"}]
    assert all(th.get("scope") in ("col", "row") for th in page.named("th"))
    assert all(svg.get("aria-label") or svg.get("aria-hidden") for svg in page.named("svg"))


def test_a_replay_without_any_input_is_left_out() -> None:
    none = ReplayCounts(rows=0, agreement=None, changed=0, failed=0, rated=0, wins=0, losses=0)

    assert "Recent inputs of production" not in heads(Page(decision_page(report(replay=none))))
