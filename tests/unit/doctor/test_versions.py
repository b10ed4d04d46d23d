"""The doctor on Python and packages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from deployments.doctor.versions import Packages, PythonVersion

WANTED = ("fastapi<0.151,>=0.139", "sqlalchemy[asyncio]<2.1,>=2.0", 'sphinx>=8; extra == "docs"')


def installed(**versions: str) -> Packages:
    def look(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    return Packages(WANTED, look)


def test_the_python_that_runs_the_tests_is_new_enough() -> None:
    assert PythonVersion().run().status == "ok"


def test_an_old_python_fails_with_the_one_to_take() -> None:
    finding = PythonVersion("3.9.2").run()

    assert (finding.status, "3.9.2" in finding.found) == ("fail", True)
    assert ">=3.11" in finding.remedy


def test_the_packages_that_run_the_tests_are_the_required_ones() -> None:
    finding = Packages().run()

    assert finding.status == "ok"
    assert "dspy 3.4" in finding.found


def test_fitting_packages_are_counted_without_the_extras() -> None:
    finding = installed(fastapi="0.150.0", sqlalchemy="2.0.58").run()

    assert finding.found == "2 as required: fastapi 0.150.0, sqlalchemy 2.0.58"


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"fastapi": "0.155.0", "sqlalchemy": "2.0.1"}, "Prefect's server does not start"),
        ({"fastapi": "0.150.0", "sqlalchemy": "2.1.0"}, "schedules never fire"),
        ({"fastapi": "0.150.0"}, "sqlalchemy is not installed"),
    ],
)
def test_a_wrong_package_fails_with_what_it_breaks_and_the_command(
    versions: dict[str, str], said: str
) -> None:
    finding = installed(**versions).run()

    assert finding.status == "fail"
    assert said in finding.found
    assert finding.remedy.startswith("python -m pip install '")
