"""Reading a prompt of DSPy's chat and JSON adapters: its fields, its demos and its last question.

The adapters write the field list and the types into the system message, each demo as a user and
an assistant message, and the question as the last user message (dspy/adapters, 3.4).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from dspy import lm15

from dspyui_core.lms.embedded.schema import (
    Schema,
    Value,
    choices_of,
    kind_of,
    read_value,
    schema_of,
)

# A line in the instructions is a remark of an optimizer, not a labelled row.
HINT_WEIGHT: Final = 0.5

_HEADER: Final = re.compile(r"\[\[ ## (\w+) ## \]\]")
_FIELD: Final = re.compile(r"^(\d+)\. `(\w+)` \(", re.MULTILINE)
_CHAT_NOTE: Final = re.compile(r"^\{(\w+)\} +# note: the value you produce (.*)$", re.MULTILINE)
_JSON_NOTE: Final = re.compile(r"^\{\w+\} +# note: the value you produce (.*)$", re.DOTALL)
_HINT: Final = re.compile(r"^\s*- (.+)$", re.MULTILINE)
_INPUTS: Final = "Your input fields are:\n"
_OUTPUTS: Final = "Your output fields are:\n"
_STRUCTURE: Final = "\nAll interactions will be structured in the following way"
_JSON_MARK: Final = "Outputs will be a JSON object with the following fields.\n\n"
_OBJECTIVE: Final = "In adhering to this structure, your objective is: "
_REQUESTS: Final = (
    "\n\nRespond with the corresponding output fields, starting with the field `",
    "\n\nRespond with a JSON object in the following order of fields: ",
)


@dataclass(frozen=True, slots=True)
class Field:
    """One output field and its type as a JSON schema."""

    name: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Demo:
    """One worked example: the text of all its inputs, and the outputs that it supplies."""

    text: str
    outputs: Mapping[str, Value]
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Task:
    """What the system message says; compared by identity, because prompts repeat it unchanged."""

    inputs: tuple[str, ...]
    outputs: tuple[Field, ...]
    as_json: bool
    hints: tuple[Demo, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as the learner needs it; `query` is the text of all inputs of the question."""

    task: Task
    demos: tuple[Demo, ...]
    query: str


def read_prompt(request: Any) -> Prompt:
    """Return what an `lm15.Request` of a chat or JSON adapter asks.

    Raises lm15.InvalidRequestError for any other prompt: the embedded LM does not chat.
    """
    messages = [(message.role, message.text or "") for message in request.messages]
    task = read_task(_system_text(request.system))
    if not task.outputs or not messages or messages[-1][0] != "user":
        raise lm15.InvalidRequestError(
            "the embedded LM reads prompts of DSPy's ChatAdapter and JSONAdapter only"
        )
    demos = [
        _demo(task, text, answer)
        for (role, text), (next_role, answer) in pairwise(messages)
        if (role, next_role) == ("user", "assistant")
    ]
    return Prompt(task, (*demos, *task.hints), _query(task, messages[-1][1]))


def _system_text(system: Any) -> str:
    if system is None or isinstance(system, str):
        return system or ""
    return "".join(getattr(part, "text", "") for part in system)


@lru_cache(maxsize=256)
def read_task(system: str) -> Task:
    """Return the fields, their types and the hint lines of a system message."""
    head, _, rest = system.partition(_STRUCTURE)
    inputs, _, outputs = head.partition(_OUTPUTS)
    structure, _, objective = rest.partition(_OBJECTIVE)
    as_json = _JSON_MARK in structure
    notes = _json_notes(structure) if as_json else dict(_CHAT_NOTE.findall(structure))
    fields = tuple(
        Field(name, schema_of(annotation, notes.get(name, "")))
        for name, annotation in _listed(outputs)
    )
    names = tuple(name for name, _ in _listed(inputs.removeprefix(_INPUTS)))
    return Task(names, fields, as_json, tuple(_hints(fields, objective)))


def _json_notes(structure: str) -> dict[str, str]:
    body = structure[structure.index(_JSON_MARK) + len(_JSON_MARK) :]
    template, _ = json.JSONDecoder().raw_decode(body)
    matches = {name: _JSON_NOTE.match(str(text)) for name, text in template.items()}
    return {name: match[1] for name, match in matches.items() if match}


def _listed(text: str) -> list[tuple[str, str]]:
    """Return (name, annotation) of a numbered field list.

    The numbers must count up, so a numbered line inside a description is not taken for a field.
    """
    found: list[tuple[str, str]] = []
    for match in _FIELD.finditer(text):
        if int(match[1]) == len(found) + 1:
            found.append((match[2], _bracketed(text, match.end())))
    return found


def _bracketed(text: str, start: int) -> str:
    """Return `text` from `start` to the bracket that closes it; quoted brackets do not count."""
    depth, quote = 1, ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote and text[position - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character in "([") - (character in ")]")
            if depth == 0:
                return text[start:position]
    return text[start:]


def _hints(fields: Iterable[Field], objective: str) -> list[Demo]:
    """Return the `- label: input` lines of the instructions as weak demos of the first choice."""
    choice = next((field for field in fields if kind_of(field.schema) == "choice"), None)
    if choice is None:
        return []
    allowed = {str(value): value for value in choices_of(choice.schema)}
    pairs = (match[1].partition(": ") for match in _HINT.finditer(objective))
    return [
        Demo(text.strip(), {choice.name: Value(allowed[label])}, HINT_WEIGHT)
        for label, _, text in pairs
        if label in allowed and text.strip()
    ]


@lru_cache(maxsize=4096)
def _demo(task: Task, text: str, answer: str) -> Demo:
    names = [field.name for field in task.outputs]
    raw = _json_object(answer) if task.as_json else _sections(answer, [*names, "completed"])
    read = {
        field.name: read_value(field.schema, raw[field.name])
        for field in task.outputs
        if field.name in raw
    }
    outputs = {name: value for name, value in read.items() if value is not None}
    return Demo("\n".join(_sections(text, task.inputs).values()), outputs)


def _query(task: Task, text: str) -> str:
    cut = max(text.rfind(request) for request in _REQUESTS)
    return "\n".join(_sections(text[:cut] if cut >= 0 else text, task.inputs).values())


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        loaded = json.loads(text)
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _sections(text: str, names: Sequence[str]) -> dict[str, str]:
    """Return the text under each `[[ ## name ## ]]` line, for the given names in their order.

    A header inside a value counts only when it names a field still to come, so an input that
    quotes the headers of outputs stays whole.
    """
    lines: dict[str, list[str]] = {}
    remaining = list(names)
    for line in text.split("\n"):
        match = _HEADER.fullmatch(line.strip())
        if match and match[1] in remaining:
            remaining = remaining[remaining.index(match[1]) + 1 :]
            lines[match[1]] = []
        elif lines:
            lines[next(reversed(lines))].append(line)
    return {name: "\n".join(body).strip() for name, body in lines.items()}
