"""The fields that several requests have, as a form asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

__all__ = ["MOST", "ProgramFile"]

# As far as every database counts.
MOST = 2**31 - 1
ProgramFile = Annotated[
    Path,
    Field(
        title="Program spec",
        description="The program spec, a YAML file; a relative path starts in the workspace.",
    ),
]
