"""The page of the settings: every environment variable that is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from dspyui_core.settings import Settings
from generating.markdown import code, page, table
from generating.shapes import Key, keys

PREFIX = "DSPYUI_"
INTRODUCTION = (
    "Everything that is set outside a program spec comes from the environment and is read once, "
    "when a process starts. None of it is needed to begin. `.env.example` lists the same."
)


def settings_page() -> str:
    """Every setting with its type, default and meaning."""
    rows = [
        (code(variable), key.type, _default(key), key.meaning)
        for variable, key in variables(Settings, PREFIX)
    ]
    return page("Settings", INTRODUCTION, table(("variable", "type", "default", "meaning"), rows))


def variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Key]]:
    """The environment variable of every setting, sections included."""
    for key in keys(model):
        name = f"{prefix}{key.name.upper()}"
        if key.models:
            yield from variables(key.models[0], f"{name}__")
        else:
            yield name, key


def _default(key: Key) -> str:
    shown: Any = key.default
    return code(shown) if shown is not None else ""
