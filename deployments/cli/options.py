"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Program = Annotated[
    Path, typer.Option("--program", "-p", help="The program spec, a YAML file.", show_default=False)
]
Data = Annotated[
    Path | None,
    typer.Option("--data", "-d", help="A data file to use instead of the spec's sources."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log too.")]
Name = Annotated[str, typer.Argument(help="The program's name.", show_default=False)]
