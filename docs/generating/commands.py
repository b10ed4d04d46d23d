"""The page of the commands: what `--help` says of each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from deployments.cli.main import app
from generating.markdown import block, code, page, table

INTRODUCTION = (
    "What reads takes `--json` and then prints one JSON document on standard output and nothing "
    "else ([their shapes](json.md)); progress and messages go to standard error."
)
# Click keeps a paragraph's lines where it opens with this.
AS_IT_IS = "\b"


def commands_page() -> str:
    """Every command with its usage, arguments, options, examples and exit codes."""
    sections = [_section(context) for context in commands()]
    return page("Commands", INTRODUCTION, *sections)


def commands() -> Iterator[Any]:
    """The context of every command that does something, nouns left out, in the help's order."""
    yield from _below(typer.Context(typer.main.get_command(app), info_name="dspyui"))


def _below(context: Any) -> Iterator[Any]:
    inner = getattr(context.command, "commands", None)
    if inner is None:
        yield context
        return
    for name, command in inner.items():
        if not command.hidden:
            yield from _below(typer.Context(command, info_name=name, parent=context))


def _section(context: Any) -> str:
    command = context.command
    texts = [
        f"## `{context.command_path}`",
        _plain(command.help or ""),
        block(command.get_usage(context).removeprefix("Usage: ")),
        table(("argument or option", "meaning"), list(_parameters(context))),
        *_epilog(command.epilog or ""),
    ]
    return "\n\n".join(text for text in texts if text)


def _parameters(context: Any) -> Iterator[tuple[str, str]]:
    for parameter in context.command.params:
        record = parameter.get_help_record(context)
        if record is not None:
            declaration, meaning = record
            yield code(declaration), meaning


def _epilog(text: str) -> Iterator[str]:
    """Paragraphs as text; those whose lines are kept, under their own first line as a block."""
    for paragraph in filter(None, text.split("\n\n")):
        lines = paragraph.strip("\n").split("\n")
        if lines[0] != AS_IT_IS:
            yield _plain(paragraph)
            continue
        yield lines[1].strip()
        yield block("\n".join(line.removeprefix("  ") for line in lines[2:]))


def _plain(text: str) -> str:
    paragraphs = text.replace(AS_IT_IS, "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
