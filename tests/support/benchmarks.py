"""Owns the loading of a benchmark, which is a script and no package."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from support.home import ROOT

FOLDER = ROOT / "benchmarks"


def loaded(name: str) -> ModuleType:
    """benchmarks/NAME.py as a module, beside its neighbours, as `python benchmarks/NAME.py` is."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
