"""`dspyui predict`: one recorded answer of the champion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Json, Name

if TYPE_CHECKING:
    from dspyui_core.errors import Problem

WRONG_LINES = 5
EPILOG = page(
    "dspyui predict support --input text='my card has not come yet'",
    ("dspyui predict support --file messages.jsonl --json", "one JSON object a line"),
    ("dspyui predict support -i text=hello --version 2", "not the champion but this version"),
)


def predict(
    name: Name,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="FIELD=VALUE, once per input.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Inputs as JSON Lines, one object a line.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="A version; by default the champion.")] = None,
    user: Annotated[str | None, typer.Option(help="Who asks.")] = None,
    as_json: Json = False,
) -> None:
    """Answer with the champion.

    Every answer is recorded before it is shown; its trace id takes feedback.
    """
    from dspyui_core.workspace import Workspace

    ws = Workspace.open()
    rows = read_inputs(file) if file is not None else [pairs(inputs or [], "--input")]
    answers = [ws.predict(name, row, version=version, user_id=user) for row in rows]
    if as_json:
        found = [answer.model_dump(mode="json") for answer in answers]
        output.document(found if file is not None else found[0])
        return
    for answer in answers:
        shown = ", ".join(f"{key}: {value}" for key, value in answer.outputs.items())
        output.text(f"{shown}\n  trace {answer.trace_id}, version {answer.version}")


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """FIELD=VALUE texts as a mapping. Raises BadParameter naming the one without a sign."""
    wrong = [text for text in given if "=" not in text]
    if wrong:
        raise typer.BadParameter(f"write FIELD=VALUE, not {wrong[0]!r}", param_hint=option)
    return dict(text.split("=", 1) for text in given)


def read_inputs(file: Path) -> list[dict[str, Any]]:
    """The inputs of a JSON Lines file. Raises InputError with the first lines that are none."""
    from dspyui_core.errors import InputError

    hint = 'write one JSON object on each line: {"FIELD": VALUE}'
    try:
        # Not splitlines(): it also breaks at characters that JSON allows inside a text.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}", hint="check --file") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8 text", hint=hint) from None
    found = [(f"line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    parsed = [_object(place, line) for place, line in found]
    problems = [part for part in parsed if not isinstance(part, dict)]
    if problems or not parsed:
        what = f"is not JSON Lines: {len(problems)} wrong" if problems else "is empty"
        raise InputError(f"{file} {what}", problems[:WRONG_LINES], hint=hint)
    return [part for part in parsed if isinstance(part, dict)]


def _object(place: str, line: str) -> dict[str, Any] | Problem:
    """The line's object, or what is wrong with the line."""
    from dspyui_core.errors import Problem

    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Problem(place, f"is not JSON: {error}", line)
    return value if isinstance(value, dict) else Problem(place, "is no object", value)
