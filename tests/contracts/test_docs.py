"""README, CONTRIBUTING and .env.example name every setting and every command, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from contracts.source import ROOT, sources
from deployments.cli.main import app
from dspyui_core.settings import Settings

ENVIRONMENT_NAME = re.compile(r"DSPYUI_[A-Z_]+")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def _settings(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """The environment variable of every setting, sections included."""
    for name, field in model.model_fields.items():
        section: Any = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from _settings(section, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str | None]]:
    """Every command and group with its path (`model list`) and its help."""
    for name, command in group.commands.items():
        yield " ".join((*path, name)), command.help
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))


def _told(text: str) -> Iterator[str]:
    """Commands that a text shows; in one line, `dspyui model list`, `show` tells of both."""
    for line in text.splitlines():
        group = ""
        for code in re.findall(r"`([^`]+)`", line):
            words = code.split()
            if words[0] == "dspyui":
                group = words[1] if len(words) > 2 else ""
                yield " ".join(words[1:3])
            elif group:
                yield f"{group} {words[0]}"


SETTINGS = sorted(_settings(Settings, "DSPYUI_"))
HELP = dict(_commands(typer.main.get_command(app)))
COMMANDS = sorted(set(HELP) - {path.split()[0] for path in HELP if " " in path})


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_readme_and_the_example_name_every_setting(setting: str) -> None:
    assert setting in ENVIRONMENT_NAME.findall(README)
    assert setting in ENVIRONMENT_NAME.findall(ENV_EXAMPLE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_shows_every_command(command: str) -> None:
    assert command in set(_told(README))


def test_no_document_names_a_setting_that_nobody_reads() -> None:
    read = {*SETTINGS, *(n for s in sources() for n in ENVIRONMENT_NAME.findall(s.text))}
    read |= set(ENVIRONMENT_NAME.findall((ROOT / "prefect.yaml").read_text(encoding="utf-8")))
    documents = [*ROOT.glob("*.md"), ROOT / ".env.example"]

    named = {n for d in documents for n in ENVIRONMENT_NAME.findall(d.read_text(encoding="utf-8"))}

    assert named <= read


def test_the_example_environment_sets_nothing() -> None:
    lines = [line for line in ENV_EXAMPLE.splitlines() if not line.startswith("# ")]

    assert not [line for line in lines if not re.fullmatch(r"#?|#[A-Z_]+=", line)]


def test_every_setting_and_every_command_says_what_it_is() -> None:
    described = [f.description for m in (Settings, *_sections()) for f in m.model_fields.values()]

    assert len([text for text in described if text]) == len(SETTINGS)
    assert not [command for command, text in HELP.items() if not text]


def _sections() -> list[type[BaseModel]]:
    found = [field.annotation for field in Settings.model_fields.values()]
    return [m for m in found if isinstance(m, type) and issubclass(m, BaseModel)]
