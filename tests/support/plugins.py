"""Owns registering entries for one test, as if a plugin package were installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from dspyui_core import extensions
from dspyui_core.extensions import Catalog


def register(monkeypatch: pytest.MonkeyPatch, catalog: Catalog, **targets: str) -> None:
    """Add entries, name to `module:Class`, to a catalog until the test ends."""
    known = extensions._entries
    added = tuple(EntryPoint(name, target, catalog.group) for name, target in targets.items())

    def entries(group: str) -> tuple[EntryPoint, ...]:
        return known(group) + (added if group == catalog.group else ())

    monkeypatch.setattr(extensions, "_entries", entries)
