"""What every part of a program spec is made of: strict sections, and choices from a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Slot

PYTHON_PREFIX = "python:"


class Section(BaseModel):
    """Base of every part of the spec: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(Section):
    """A catalog's entry with its options; `python:package.module:Name` is the user's own."""

    name: str = Slot(description="An entry of the catalog, or `python:package.module:Name`.")
    options: Mapping[str, Any] = Slot(default_factory=dict, description="The entry's options.")

    @model_validator(mode="before")
    @classmethod
    def _from_a_plain_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def is_python(self) -> bool:
        """Whether this names the user's own code."""
        return self.name.startswith(PYTHON_PREFIX)

    @property
    def target(self) -> str:
        """The `package.module:Name` of the user's own code."""
        return self.name.removeprefix(PYTHON_PREFIX)
