"""The environment: settings that are wrong, and variables that nobody reads."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from deployments.doctor.finding import Finding
from dspyui_core.errors import InputError
from dspyui_core.settings import Settings

PREFIX = "DSPYUI_"
# Read elsewhere: by `prefect deploy`, and by the command for a traceback.
OTHERS = ("DSPYUI_PROGRAM", "DSPYUI_TRACEBACK")


def known_settings() -> tuple[str, ...]:
    """Every variable with our prefix that somebody reads."""
    return (*_variables(Settings, PREFIX), *OTHERS)


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables with our prefix in an environment."""

    environment: Mapping[str, str]
    name: str = "settings"

    def run(self) -> Finding:
        """Look for values that are refused, then for names that nobody reads."""
        try:
            Settings.read()
        except InputError as error:
            found = "; ".join(map(str, error.problems))
            return Finding(self.name, "fail", found, "correct them; .env.example lists them all")
        known = known_settings()
        given = sorted(name for name in self.environment if name.upper().startswith(PREFIX))
        unknown = [name for name in given if name.upper() not in known]
        if not unknown:
            return Finding(self.name, "ok", f"set: {', '.join(given) or 'none, all are optional'}")
        meant = "; ".join(_meant(name, known) for name in unknown)
        return Finding(self.name, "warn", f"nobody reads {', '.join(unknown)}", meant)


def _meant(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name.upper(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"unset {name}; .env.example lists the settings"


def _variables(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, slot in model.model_fields.items():
        section = slot.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from _variables(section, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"
