"""The pages of the reference by file name, each with the function that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from generating.commands import commands_page
from generating.failures import errors_page
from generating.flows import flows_page
from generating.json_page import json_page
from generating.settings import settings_page
from generating.specs import spec_page

__all__ = ["PAGES"]

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "flows.md": flows_page,
    "json.md": json_page,
    "settings.md": settings_page,
    "spec.md": spec_page,
}
