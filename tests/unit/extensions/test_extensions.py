"""Catalogs: names without imports, classes on demand, and the nearest match for a wrong word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dspyui_core.errors import SpecError
from dspyui_core.extensions import (
    CHECKS,
    METRICS,
    MODULES,
    OPTIMIZERS,
    PROMOTION_RULES,
    Catalog,
    choice_hint,
)
from dspyui_core.spec import GATE_CHECKS
from support.plugins import register

CATALOGS = [CHECKS, METRICS, MODULES, OPTIMIZERS]


def test_the_built_in_entries_are_registered() -> None:
    assert {"exact_match", "similarity"} <= set(METRICS.names())
    assert {"predict", "chain_of_thought"} <= set(MODULES.names())
    assert {"auto", "knn_few_shot", "labeled_few_shot", "random_search"} <= set(OPTIMIZERS.names())
    assert set(GATE_CHECKS) <= set(CHECKS.names())
    assert "minimum_score" in PROMOTION_RULES.names()


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda catalog: catalog.noun)
def test_every_entry_loads_and_takes_no_options_at_all(catalog: Catalog) -> None:
    for name in catalog.names():
        assert catalog.options(name, {}) is not None
        assert catalog.option_problems("here", name, {}) == []


def test_names_are_known_without_importing_dspy() -> None:
    code = (
        "import sys; from dspyui_core.extensions import OPTIMIZERS; OPTIMIZERS.names();"
        "sys.exit('dspy' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(SpecError) as caught:
        OPTIMIZERS.get("random_serch")

    assert "did you mean 'random_search'?" in str(caught.value)


def test_wrong_options_are_refused_all_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        OPTIMIZERS.options("knn_few_shot", {"k": 0, "memroy": 5})

    found = {problem.column: str(problem) for problem in caught.value.problems}
    assert set(found) == {"optimizer.options.k", "optimizer.options.memroy"}
    assert "did you mean 'memory'?" in found["optimizer.options.memroy"]


def test_a_word_like_no_other_gets_the_list_only() -> None:
    assert choice_hint("zzz", ("ant", "bee")) == "allowed: ant, bee"


def test_where_nothing_is_registered_nothing_is_suggested() -> None:
    assert choice_hint("zzz", ()) == "allowed: none is installed"


def test_a_name_that_two_packages_register_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, METRICS, exact_match="somebody_elses:Metric")

    with pytest.raises(SpecError, match=r"registered twice: dspyui_core.* somebody_elses:Metric"):
        METRICS.get("exact_match")


@pytest.mark.parametrize("target", ["no_such_package:Metric", "math:Metric"])
def test_an_entry_whose_package_is_broken_is_named(
    monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    register(monkeypatch, METRICS, broken=target)

    with pytest.raises(SpecError, match=rf"'broken' \({target}\) cannot be imported"):
        METRICS.options("broken", {})
