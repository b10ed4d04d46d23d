"""The reference under docs/ is what the code says now, and every key in it has a meaning."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from contracts.source import ROOT
from deployments.cli import output
from dspyui_core.errors import BusyError
from dspyui_core.settings import Settings
from dspyui_core.spec import ProgramSpec
from generating.commands import commands
from generating.documents import DOCUMENTS, Document
from generating.json_page import unexplained
from generating.meanings import MEANINGS, Shape
from generating.pages import PAGES
from generating.settings import PREFIX, variables
from generating.shapes import keys
from generating.specs import NOTES, WRITTEN, built_ins, catalogs, parts

REFERENCE = ROOT / "docs" / "reference"
SECTIONS = [ProgramSpec, *(model for _, model in parts())]
OPTIONS = [entry.load().Options for catalog in catalogs() for entry in built_ins(catalog)]


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_what_the_code_says_now(name: str) -> None:
    committed = (REFERENCE / name).read_text(encoding="utf-8")

    assert committed == PAGES[name](), "run: make reference"


def test_no_page_of_the_reference_is_written_by_hand() -> None:
    assert {path.name for path in REFERENCE.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize("model", [*SECTIONS, *OPTIONS], ids=lambda model: model.__qualname__)
def test_every_key_of_a_spec_has_a_meaning(model: type[BaseModel]) -> None:
    assert not [key.name for key in keys(model) if not key.meaning]


def test_every_setting_has_a_meaning() -> None:
    assert not [name for name, key in variables(Settings, PREFIX) if not key.meaning]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.title)
def test_every_key_of_a_json_document_has_a_meaning(document: Document) -> None:
    assert not unexplained(document)


def test_every_document_is_printed_by_commands_that_exist() -> None:
    known = {context.command_path.removeprefix("dspyui ") for context in commands()}

    assert {command for document in DOCUMENTS for command in document.commands} <= known


def test_every_command_that_takes_json_says_what_it_prints() -> None:
    printing = {
        context.command_path.removeprefix("dspyui ")
        for context in commands()
        if any("--json" in parameter.opts for parameter in context.command.params)
    }

    assert printing == {command for document in DOCUMENTS for command in document.commands}


def test_the_error_document_has_the_keys_that_are_told() -> None:
    told = {name.removeprefix("error.") for name, _, _ in Shape.ERROR.value}

    assert told == set(output.described(BusyError("it")))


def test_what_is_said_beside_the_code_is_about_keys_that_exist() -> None:
    assert not [name for model, name in WRITTEN if name not in model.model_fields]
    assert set(NOTES) <= {catalog.group for catalog in catalogs()}
    assert not [name for name, told in MEANINGS.items() if not told]
