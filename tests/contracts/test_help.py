"""Every command's help is a page: what it does, examples that parse, and its exit codes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import typer

from deployments.cli import options
from deployments.cli.main import app
from dspyui_core.data_exporter import FORMATS
from dspyui_core.feedback import RATINGS

ROOT: Any = typer.main.get_command(app)
EXAMPLE = re.compile(r"^ +\$ (dspyui .+)$", re.MULTILINE)


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with its path."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


def _help(command: Any, path: tuple[str, ...]) -> str:
    name = " ".join(("dspyui", *path))
    with command.make_context(name, [], resilient_parsing=True) as context:
        return str(command.get_help(context))


COMMANDS = [pytest.param(*found, id=" ".join(found[0])) for found in _commands(ROOT)]
PAGES = {path: _help(command, path) for path, command in _commands(ROOT)} | {(): _help(ROOT, ())}
EXAMPLES = [
    pytest.param(path, line, id=line)
    for path, page in PAGES.items()
    for line in EXAMPLE.findall(page)
]


def _parse(arguments: list[str]) -> tuple[str, ...]:
    """The path of the command that takes these arguments; nothing is run."""
    context = ROOT.make_context("dspyui", arguments)
    path: tuple[str, ...] = ()
    while rest := [*context._protected_args, *context.args]:
        name, command, rest = context.command.resolve_command(context, rest)
        path = (*path, name)
        context = command.make_context(name, rest, parent=context)
    return path


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_a_help_page_has_a_summary_examples_and_exit_codes(
    path: tuple[str, ...], command: Any
) -> None:
    page = PAGES[path]

    assert command.help.splitlines()[0].endswith("."), "the first line is a sentence"
    assert page.index("\n  Examples:\n") < page.index("\n  Exit codes:\n    0 ")
    assert EXAMPLE.findall(page)


@pytest.mark.parametrize(("path", "line"), EXAMPLES)
def test_an_example_parses_and_is_of_its_own_command_or_its_neighbour(
    path: tuple[str, ...], line: str
) -> None:
    words = shlex.split(re.split(r" [|>] ", line)[0])[1:]

    if words[-1] == "--help":
        assert words[0] in ROOT.commands
    else:
        assert _parse(words) in PAGES


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_every_option_and_argument_says_what_it_is_for(path: tuple[str, ...], command: Any) -> None:
    assert not [parameter.name for parameter in command.params if not parameter.help]


def test_each_page_shows_its_own_command_first() -> None:
    strangers = [
        path
        for path, page in PAGES.items()
        if path and not EXAMPLE.findall(page)[0].startswith(" ".join(("dspyui", *path)))
    ]

    assert not strangers


def test_a_wrong_example_would_not_parse() -> None:
    with pytest.raises(typer.TyperException):
        _parse(["model", "promote", "support", "--no-such-option"])


def test_the_command_line_spells_ratings_and_formats_as_the_core_does() -> None:
    assert get_args(options.Rating) == RATINGS
    assert get_args(options.Format) == FORMATS
