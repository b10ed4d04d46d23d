"""Names: whether our top-level packages are the ones that Python finds."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from deployments.doctor.finding import Finding
from deployments.doctor.versions import PROJECT

PACKAGES = ("flows", "tasks", "deployments")
OWN_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class ImportNames:
    """Our package names, against the folders of the import path and the installed packages.

    `folders` are looked through besides; `providers` gives the packages that install a name.
    """

    folders: Sequence[Path]
    providers: Mapping[str, Sequence[str]] = field(default_factory=packages_distributions)
    name: str = "import names"

    def run(self) -> Finding:
        """Look for who else has our names."""
        lost = [f"{name} is {where}" for name in PACKAGES if (where := _stranger(name))]
        if lost:
            remedy = "take that folder off PYTHONPATH, or run the command from another folder"
            return Finding(self.name, "fail", f"{'; '.join(lost)}, not ours", remedy)
        clashes = [clash for name in PACKAGES for clash in self._clashes(name)]
        if not clashes:
            return Finding(self.name, "ok", f"{', '.join(PACKAGES)} are ours: {OWN_ROOT}")
        remedy = "rename or uninstall the other; python: parts cannot be imported from it"
        return Finding(self.name, "warn", f"{'; '.join(clashes)}; ours is found first", remedy)

    def _clashes(self, name: str) -> list[str]:
        others = sorted(set(self.providers.get(name, ())) - {PROJECT})
        path = [*self.folders, *(Path(entry) for entry in sys.path)]
        places = {place.resolve() for folder in path for place in _places(folder, name)}
        # An installed package's folder is told under the package's name already.
        strange = [p for p in sorted(places) if p.parent != OWN_ROOT and not others]
        return [
            *(f"the package {other} installs {name}, too" for other in others),
            *(f"{place} has our name {name}" for place in strange),
        ]


def _stranger(name: str) -> str:
    """Where Python finds the name, if that is not with us."""
    found = find_spec(name)
    places = list(found.submodule_search_locations or ()) if found else []
    where = Path(places[0]).resolve() if places else None
    if where is not None and where.parent == OWN_ROOT:
        return ""
    return str(where or (found.origin if found else "not found"))


def _places(folder: Path, name: str) -> list[Path]:
    """A module or a regular package of this name; a plain folder loses against every package."""
    candidates = (folder / name / "__init__.py", folder / f"{name}.py")
    return [p.parent if p.name == "__init__.py" else p for p in candidates if p.is_file()]
