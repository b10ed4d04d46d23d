"""Versions: Python and the installed packages, against what this project asks for."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from deployments.doctor.finding import Finding

PROJECT = "dspyui"
# What goes wrong with other versions where nothing says so by itself.
TRAPS: Mapping[str, str] = {
    "fastapi": "from 0.151 on, Prefect's server does not start",
    "sqlalchemy": "from 2.1 on, Prefect's schedules never fire, and only its server's log says so",
}
SHOWN = ("dspy", "mlflow", "prefect", "fastapi", "sqlalchemy", "pandas")


@dataclass(frozen=True, slots=True)
class PythonVersion:
    """The interpreter, against the project's Requires-Python."""

    running: str = field(default_factory=platform.python_version)
    name: str = "python"

    def run(self) -> Finding:
        """Compare them."""
        wanted = metadata(PROJECT)["Requires-Python"]
        if SpecifierSet(wanted).contains(self.running, prereleases=True):
            return Finding(self.name, "ok", self.running)
        remedy = f"make the environment with a Python {wanted}"
        return Finding(self.name, "fail", f"{self.running}, and {wanted} is needed", remedy)


@dataclass(frozen=True, slots=True)
class Packages:
    """The installed packages, against the project's requirements.

    `wanted` are requirement lines; `installed` gives a package's version and raises
    PackageNotFoundError where there is none.
    """

    wanted: Iterable[str] = field(default_factory=lambda: tuple(requires(PROJECT) or ()))
    installed: Callable[[str], str] = version
    name: str = "packages"

    def run(self) -> Finding:
        """Compare all of them."""
        asked = [Requirement(line) for line in self.wanted]
        needed = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
        problems = [problem for one in needed if (problem := self._problem(one))]
        if not problems:
            shown = [
                f"{one.name} {self.installed(one.name)}" for one in needed if one.name in SHOWN
            ]
            return Finding(self.name, "ok", f"{len(needed)} as required: {', '.join(shown)}")
        lines = " ".join(f"'{one.name}{one.specifier}'" for one in needed if self._problem(one))
        return Finding(self.name, "fail", "; ".join(problems), f"python -m pip install {lines}")

    def _problem(self, one: Requirement) -> str:
        try:
            found = self.installed(one.name)
        except PackageNotFoundError:
            return f"{one.name} is not installed"
        if one.specifier.contains(found, prereleases=True):
            return ""
        trap = f" ({TRAPS[one.name]})" if one.name in TRAPS else ""
        return f"{one.name} {found} is not {one.specifier}{trap}"
