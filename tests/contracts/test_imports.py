"""What a flow's process imports before it runs: every scheduled look pays for that."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.home import ROOT

FLOWS = sorted(path.stem for path in (ROOT / "flows").glob("[a-z]*.py"))
# Each takes a second or more, and a turn that finds nothing new needs none of them.
LATE = ("scipy.stats", "sklearn", "statsmodels", "dask", "distributed")


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """Every module that importing all flows imports."""
    asked = "; ".join(f"import flows.{name}" for name in FLOWS)
    done = subprocess.run(
        [sys.executable, "-c", f"{asked}; import sys; print(*sys.modules)"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", LATE)
def test_a_flow_is_imported_without_what_only_some_of_its_runs_need(
    name: str, imported: set[str]
) -> None:
    assert "flows.data_flywheel" in imported
    assert name not in imported
