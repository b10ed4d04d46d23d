"""Judging a profile with Great Expectations itself, and its page without the network."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets.suites.default import default_suite
from dspyui_core.datasets.suites.docs import data_docs
from dspyui_core.datasets.suites.judging import Judged, judge, with_verdict
from dspyui_core.datasets.suites.kinds import KINDS
from dspyui_core.datasets.suites.profile import profile_of
from dspyui_core.datasets.suites.suite import Suite
from dspyui_core.spec import CheckSpec
from unit.suites.reports import report

MOST = "expect_column_max_to_be_between"


def suite(*expectations: tuple[str, Mapping[str, Any], str]) -> Suite:
    listed = [{"type": t, "kwargs": k, "severity": s} for t, k, s in expectations]
    return Suite.model_validate({"name": "desk", "expectations": listed})


def judged(*expectations: tuple[str, Mapping[str, Any], str]) -> Judged:
    return judge(suite(*expectations), profile_of(report()))


def at_most(limit: float, severity: str = "critical", column: str = "leakage") -> Any:
    return MOST, {"column": column, "max_value": limit}, severity


def test_a_broken_critical_expectation_blocks_and_says_the_number() -> None:
    found = with_verdict(report(), judged(at_most(3), at_most(5)))

    assert found.verdict == "blocked"
    assert (found.checks[-1].name, found.checks[-1].severity) == ("expectations", "block")
    assert found.checks[-1].message == "leakage is 4, expected at most 3 (critical)"
    assert found.checks[-1].count == 1


@pytest.mark.parametrize(
    ("severity", "verdict", "line"), [("warning", "warn", "warn"), ("info", "pass", "pass")]
)
def test_a_broken_warning_warns_and_an_info_is_only_told(
    severity: str, verdict: str, line: str
) -> None:
    found = with_verdict(report(), judged(at_most(3, severity)))

    assert (found.verdict, found.checks[-1].severity) == (verdict, line)
    assert "leakage is 4" in found.checks[-1].message


def test_a_blocked_report_stays_blocked_by_a_suite_that_holds() -> None:
    found = with_verdict(report(verdict="blocked"), judged(at_most(5)))

    assert found.verdict == "blocked"
    assert (found.checks[-1].severity, found.checks[-1].message) == ("pass", "")


def test_what_was_not_measured_breaks_nothing_unless_it_has_to_be() -> None:
    needed = ("expect_column_values_to_not_be_null", {"column": "growth"}, "warning")

    found = judged(at_most(2, column="growth"), needed)

    assert [one.held for one in found.expectations] == [None, False]
    assert with_verdict(report(), found).verdict == "warn"
    only = judged(at_most(2, column="growth"))
    assert with_verdict(report(), only).checks[-1].message == "not measured: growth"


def test_every_kind_that_may_be_used_runs_and_can_hold_and_break() -> None:
    limits = ({"max_value": 100}, {"max_value": 99})
    sets = ({"value_set": [100]}, {"value_set": [7]})
    used, expected = [], []
    for name, kind in KINDS.items():
        for holds in (True, False):
            if "min_value" in kind.others:
                used.append((name, {"column": "rows", **limits[not holds]}, "info"))
            elif "value_set" in kind.others:
                swapped = holds == ("_not_" in name)
                used.append((name, {"column": "rows", **sets[swapped]}, "info"))
            elif "column_A" in kind.columns:
                pair = ("rows", "train") if holds else ("train", "rows")
                used.append((name, {"column_A": pair[0], "column_B": pair[1]}, "info"))
            else:
                used.append((name, {"column": "rows" if holds else "growth"}, "info"))
            expected.append(holds)

    assert [one.held for one in judged(*used).expectations] == expected


def test_an_expectation_that_is_there_twice_is_judged_twice() -> None:
    found = judged(at_most(3), at_most(3), at_most(5))

    assert [one.held for one in found.expectations] == [False, False, True]


def test_the_default_suite_lets_usable_data_pass() -> None:
    found = judge(default_suite("desk", CheckSpec()), _complete())

    assert not found.broken


def test_the_result_is_plain_json_with_no_row_in_it() -> None:
    found = judged(at_most(3))

    text = json.dumps(found.result)

    assert json.loads(text)["results"][0]["expectation_config"]["kwargs"]["column"] == "leakage"
    assert "index" not in text


def test_its_page_loads_nothing_and_leads_nowhere_else() -> None:
    measured = ("expect_column_values_to_not_be_null", {"column": "growth"}, "info")
    share = at_most(0.01, column="leakage_share")
    page = data_docs(judged(at_most(3), share, measured).result)

    assert "0.04" in page
    assert page.count('"fas fa-times') == 4, "three that are broken, and the whole"
    assert "maximum value must be less than or equal to" in page
    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|srcset|action|poster)\s*=|https?://|url\(|@import|<script", page)
    assert {
        link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith("#")
    } == set()


def test_judging_leaves_no_folder_and_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    judged(at_most(3))

    assert list(tmp_path.iterdir()) == []
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"


def _complete() -> dict[str, int | float | None]:
    """A profile of data that nothing is wrong with."""
    profile = dict(profile_of(report()))
    columns = [c for one in default_suite("desk", CheckSpec()).expectations for c in [one.kwargs]]
    missing = {str(kwargs["column"]): 0.0 for kwargs in columns if kwargs["column"] not in profile}
    return profile | missing | {"leakage_share": 0.01, "quarantined_share": 0.01}
