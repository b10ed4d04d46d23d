"""The types of output fields, as JSON schemas, and reading values back from prompt text."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

_NAMED: Final[Mapping[str, Schema]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
}
_LITERAL: Final = re.compile(r"""'((?:\\'|[^'])*)'|"([^"]*)"|([^\s,]+)""")
_SCHEMA_NOTE: Final = "must adhere to the JSON schema: "
_ENUM_NOTE: Final = "must be one of: "
# What DSPy's adapters write into a demo for an output it does not have.
_NOT_SUPPLIED: Final = "Not supplied for this particular example."


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a demo supplies; a wrapper, because null is a value too."""

    content: Any

    @property
    def key(self) -> str:
        """The canonical JSON by which equal values are counted together."""
        return json.dumps(self.content, sort_keys=True, ensure_ascii=False)


def schema_of(annotation: str, note: str) -> Schema:
    """Return the schema of a field from its Python type and the note the adapter writes on it.

    `note` is the text after "the value you produce", empty for plain strings. What neither
    explains is taken as a string.
    """
    if annotation in _NAMED:
        return _NAMED[annotation]
    if annotation.startswith("Literal["):
        return {"enum": _literal_values(annotation[len("Literal[") : -1])}
    if note.startswith(_ENUM_NOTE):
        return {"enum": note.removeprefix(_ENUM_NOTE).split("; ")}
    if note.startswith(_SCHEMA_NOTE):
        schema: Schema = json.loads(note.removeprefix(_SCHEMA_NOTE))
        return schema
    return _NAMED["str"]


def _literal_values(inner: str) -> list[Any]:
    found = _LITERAL.finditer(inner)
    return [
        ast.literal_eval(match[3]) if match[3] else (match[1] or match[2] or "").replace("\\'", "'")
        for match in found
    ]


def kind_of(schema: Schema) -> str:
    """Return choice, string, integer, number, boolean, array, object, null or union."""
    if "enum" in schema or "const" in schema:
        return "choice"
    if "anyOf" in schema or "oneOf" in schema:
        return "union"
    return str(schema.get("type", "object"))


def choices_of(schema: Schema) -> list[Any]:
    """Return the allowed values of a choice, in their declared order."""
    return list(schema["enum"]) if "enum" in schema else [schema["const"]]


def read_value(schema: Schema, raw: Any) -> Value | None:
    """Return what a demo says for a field, or None where it says nothing usable.

    `raw` is text from a chat prompt, or any JSON value from a JSON prompt.
    """
    if isinstance(raw, str) and raw.strip().startswith(_NOT_SUPPLIED):
        return None
    kind = kind_of(schema)
    if kind == "choice":
        allowed = {str(choice): choice for choice in choices_of(schema)}
        text = str(raw).strip()
        return Value(allowed[text]) if text in allowed else None
    if kind == "string":
        return Value(str(raw))
    if not isinstance(raw, str):
        return Value(raw)
    return _parsed(kind, raw.strip())


def _parsed(kind: str, text: str) -> Value | None:
    # Chat prompts print Python's words for these three, JSON prompts do not.
    plain = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    try:
        content = json.loads(plain)
    except ValueError:
        return Value(text) if kind == "union" else None
    numeric = isinstance(content, int | float) and not isinstance(content, bool)
    fits = {"boolean": isinstance(content, bool), "integer": numeric, "number": numeric}
    return Value(content) if fits.get(kind, True) else None


def write_value(content: Any) -> str:
    """Return a value as the chat adapter reads it back: strings bare, the rest as JSON."""
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
