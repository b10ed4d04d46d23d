"""The page of the program spec: its keys, and the entries of the catalogs with their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel

from dspyui_core import extensions
from dspyui_core.extensions import CHECKS, PROMOTION_RULES, Catalog
from dspyui_core.fields import Field
from dspyui_core.spec import (
    GATE_CHECKS,
    CheckSpec,
    Choice,
    DatasetSpec,
    LmSpec,
    ProgramSpec,
    PromotionSpec,
    SignatureSpec,
    Source,
)
from generating.markdown import code, doc, page, table
from generating.shapes import Key, keys

HEADER = ("key", "type", "default", "meaning")
INTRODUCTION = (
    "One YAML file says everything about one program. A key that is not here is an error, told "
    "with its nearest match, and so is a value of a wrong type; all problems of a file are told "
    "at once: `dspyui program check FILE`."
)
FIELDS = (
    "`signature.inputs` and `signature.outputs` map a field's name to its type: `text: str`, or "
    "`text: {type: str, description: …}` with these keys."
)
PLAIN = ("module", "metric", "lm", "judge", "optimizer")
# What is written otherwise than it is kept.
WRITTEN: Mapping[tuple[type[BaseModel], str], str] = {
    (SignatureSpec, "inputs"): "object: name to a field's type",
    (SignatureSpec, "outputs"): "object: name to a field's type",
    (Field, "items"): "a field's type",
    (Field, "fields"): "object: name to a field's type",
    (DatasetSpec, "sources"): "path, object, or list of them",
    (DatasetSpec, "where"): "object: text to text or list of text",
    (DatasetSpec, "slices"): "text or list of text",
    (CheckSpec, "extra"): "list of text or object",
    (PromotionSpec, "rules"): "list of text or object",
    **{(ProgramSpec, name): "text or object" for name in PLAIN},
}
NOTES: Mapping[str, str] = {
    CHECKS.group: "These always run, in the order "
    + ", ".join(f"`{name}`" for name in GATE_CHECKS)
    + "; what they can be told are the keys of `dataset.checks`. A plugin's check is named in "
    "`dataset.checks.extra`.",
    PROMOTION_RULES.group: "Named in `promotion.rules`, these come after the policy's own rules, "
    "which always judge; what those can be told are the keys of `promotion`.",
}
# How a part may be written shorter than with all its keys.
SHORT: Mapping[type[BaseModel], str] = {
    Choice: "A plain text is the name: `metric: exact_match`. Only a metric or a module can be "
    "the user's own code.",
    LmSpec: "A plain text is the name: `lm: openai/gpt-4o-mini`.",
    Source: "A plain text is the path: `sources: ../data/messages.csv`.",
}


def spec_page() -> str:
    """Every key of the spec, section by section, then the catalogs."""
    sections = [_section(path, model) for path, model in parts()]
    return page(
        "Program spec",
        INTRODUCTION,
        _keys(ProgramSpec),
        *sections,
        *(text for catalog in catalogs() for text in _catalog(catalog)),
    )


def parts() -> Iterator[tuple[str, type[BaseModel]]]:
    """Every model below the spec with the dotted path where it is first found."""
    yield from _below("", ProgramSpec, {ProgramSpec})


def catalogs() -> list[Catalog]:
    """Every catalog of named entries."""
    return [found for found in vars(extensions).values() if isinstance(found, Catalog)]


def built_ins(catalog: Catalog) -> list[EntryPoint]:
    """The entries that this project brings along, by name."""
    found = entry_points(group=catalog.group)
    ours = [entry for entry in found if entry.dist is not None and entry.dist.name == "dspyui"]
    return sorted(ours, key=lambda entry: entry.name)


def _below(
    path: str, model: type[BaseModel], seen: set[type[BaseModel]]
) -> Iterator[tuple[str, type[BaseModel]]]:
    for key in keys(model):
        for inner in key.models:
            if inner not in seen:
                seen.add(inner)
                at = f"{path}.{key.name}" if path else key.name
                yield at, inner
                yield from _below(at, inner, seen)


def _section(path: str, model: type[BaseModel]) -> str:
    title = {Choice: "A choice: module, metric, optimizer", Field: "A field"}.get(
        model, f"`{path}`"
    )
    about = FIELDS if model is Field else doc(model)
    text = " ".join(filter(None, [about, SHORT.get(model, "")]))
    return f"## {title}\n\n{text}\n\n{_keys(model)}"


def _keys(model: type[BaseModel]) -> str:
    # The name of a field is the key that it stands under.
    shown = (key for key in keys(model) if (model, key.name) != (Field, "name"))
    return table(
        HEADER,
        [
            (code(k.name), WRITTEN.get((model, k.name), k.type), _default(k), k.meaning)
            for k in shown
        ],
    )


def _default(key: Key) -> str:
    if key.required:
        return "required"
    value: Any = key.default
    if isinstance(value, Choice):
        return code(value.name)
    if value in (None, "", (), {}) or isinstance(value, BaseModel):
        return ""
    return code(str(value).lower() if isinstance(value, bool) else value)


def _catalog(catalog: Catalog) -> Iterator[str]:
    entries = built_ins(catalog)
    if entries:
        yield f"## Built in: {catalog.noun}"
        yield f"A plugin package adds its own through the entry-point group `{catalog.group}`."
        yield NOTES.get(catalog.group, "")
    for entry in entries:
        made = entry.load()
        yield f"### `{entry.name}`"
        yield doc(made)
        yield _keys(made.Options)
