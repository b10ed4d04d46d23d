"""The form that Prefect's UI draws of each flow's request, and of an answer, says what it wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

from contracts.source import ROOT
from flows._approval import Answer

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / "prefect.yaml").read_text(encoding="utf-8")
)["deployments"]
NUMBERS = ("integer", "number")
# A text that is one of a few words belongs into a list to choose from.
CHOICES = {"decision", "format", "rating"}
SECRETS = ("key", "token", "secret", "password", "credential", "url")


@dataclass(frozen=True)
class Entry:
    """One field of a form; `kinds` are the schemas that it may have, null apart."""

    form: str
    name: str
    schema: dict[str, Any]
    required: bool

    @property
    def kinds(self) -> list[dict[str, Any]]:
        choices = self.schema.get("anyOf", [self.schema])
        return [kind for kind in choices if kind.get("type") != "null"]


def _form_of(entrypoint: str) -> dict[str, Any]:
    """The schema of a flow's request, as a deployment of it has it."""
    schema = load_flow_from_entrypoint(entrypoint).parameters.model_dump_for_openapi()
    assert list(schema["properties"]) == schema["required"] == ["request"]
    name = schema["properties"]["request"]["$ref"].rpartition("/")[2]
    form: dict[str, Any] = schema["definitions"][name]
    return form


def _entries(form: str, schema: dict[str, Any]) -> Iterator[Entry]:
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        yield Entry(form, name, field, name in required)


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """Every field of every form."""
    forms = {d["name"]: _form_of(str(ROOT / d["entrypoint"])) for d in DEPLOYMENTS}
    forms["answer"] = Answer.model_json_schema()
    return [entry for name, form in forms.items() for entry in _entries(name, form)]


def _named(entries: list[Entry]) -> list[str]:
    return [f"{entry.form}: {entry.name}" for entry in entries]


def test_every_flow_is_asked_for_its_program_first(entries: list[Entry]) -> None:
    first = {entry.form: entry for entry in reversed(entries) if entry.form != "answer"}

    assert {(entry.name, entry.required) for entry in first.values()} == {("program", True)}
    assert len(first) == len(DEPLOYMENTS)


def test_every_field_has_a_title_and_a_sentence_about_it(entries: list[Entry]) -> None:
    mute = [
        entry for entry in entries if not entry.schema.get("description", "").endswith((".", "?"))
    ]

    assert not _named(mute)
    assert all(entry.schema["title"] for entry in entries)


def test_what_is_not_required_has_a_default(entries: list[Entry]) -> None:
    open_ended = [e for e in entries if not e.required and "default" not in e.schema]

    assert not _named(open_ended)


def test_one_of_a_few_words_is_chosen_from_a_list(entries: list[Entry]) -> None:
    chosen = [entry for entry in entries if any("enum" in kind for kind in entry.kinds)]

    assert {entry.name for entry in chosen} == CHOICES
    assert not _named([e for e in entries if e.name in CHOICES and e not in chosen])


def test_every_number_has_bounds(entries: list[Entry]) -> None:
    numbers = [
        (entry, kind) for entry in entries for kind in entry.kinds if kind.get("type") in NUMBERS
    ]

    assert numbers
    unbounded = [entry for entry, kind in numbers if not {"minimum", "maximum"} <= kind.keys()]
    assert not _named(unbounded)


def test_no_form_asks_for_a_secret(entries: list[Entry]) -> None:
    assert not _named([e for e in entries if any(word in e.name for word in SECRETS)])
