"""Drafting: a new workspace's files as texts, and writing all of them or none."""

from __future__ import annotations

import os
import re
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dspyui_core.datasets.drafts.guessing import Guess, GuessedField
from dspyui_core.errors import InputError, Problem, StoreError
from dspyui_core.extensions import METRICS, MODULES, OPTIMIZERS, Catalog
from dspyui_core.spec import NAME_PATTERN, PYTHON_PREFIX, Choice, ProgramSpec, Section, parse_spec

HOME_LINE = ".dspyui/"
_CATALOGS: Mapping[str, Catalog] = {"module": MODULES, "metric": METRICS, "optimizer": OPTIMIZERS}
_WIDTH = 96
_LISTED_VALUES = 12


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says about a new program; `module` is a `package.module:Class` or nothing."""

    name: str
    data: Path
    out: Path
    lm: str
    module: str = ""
    instructions: str = ""
    api_base: str | None = None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written; `replaces` says that it exists and would be lost."""

    path: Path
    text: str
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A new workspace: the files to write, and the spec among them, reading the data file."""

    spec: ProgramSpec
    spec_path: Path
    files: tuple[NewFile, ...]


def name_from(path: Path) -> str:
    """A program's name made of a file's."""
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:63].strip("-") or "program"


def draft_workspace(found: Guess, wishes: Wishes) -> Draft:
    """The files of a workspace for what was guessed; nothing is written.

    Raises InputError where the name is none that a program can have.
    """
    if not re.fullmatch(NAME_PATTERN, wishes.name):
        raise InputError(
            f"{wishes.name!r} is no name for a program",
            hint=f"lower case letters, digits and dashes: {name_from(Path(wishes.name))}",
        )
    path = wishes.out / "programs" / f"{wishes.name}.yaml"
    text = spec_text(found, wishes, folder=path.parent)
    spec = parse_spec(yaml.safe_load(text), origin="the drafted spec")
    data = {"path": wishes.data.resolve()}
    sources = tuple(source.model_copy(update=data) for source in spec.dataset.sources)
    dataset = spec.dataset.model_copy(update={"sources": sources})
    ignore = _ignoring(wishes.out / ".gitignore")
    return Draft(
        spec=spec.model_copy(update={"dataset": dataset}),
        spec_path=path,
        files=(NewFile(path, text, path.exists()), *ignore),
    )


def write_all(files: Sequence[NewFile], *, force: bool = False) -> None:
    """Write every file, or none. Raises InputError naming those that exist, unless `force`."""
    there = [Problem(str(file.path), "exists already") for file in files if file.replaces]
    if there and not force:
        raise InputError(
            f"{len(there)} file would be overwritten",
            there,
            hint="choose another --name or --out, or overwrite with --force",
        )
    # Written beside their places first: what cannot be written is known before anything changes.
    waiting = [(file.path.with_name(f".{file.path.name}.new"), file) for file in files]
    try:
        for beside, file in waiting:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(file.text, encoding="utf-8")
        for beside, file in waiting:
            beside.replace(file.path)
    except OSError as error:
        for beside, _ in waiting:
            with suppress(OSError):
                beside.unlink()
        raise StoreError(
            f"{error.filename} cannot be written: {error.strerror}",
            hint="choose a folder that you may write to with --out",
        ) from error


def spec_text(found: Guess, wishes: Wishes, *, folder: Path) -> str:
    """The spec as commented YAML: what is known as keys, every other key with its default."""
    dataset: dict[str, Any] = {"sources": os.path.relpath(wishes.data.resolve(), folder.resolve())}
    if found.columns:
        dataset["columns"] = found.columns
    if found.split_column:
        dataset["split_column"] = found.split_column
    given: dict[str, Any] = {
        "name": wishes.name,
        "signature": {
            "instructions": wishes.instructions or _instructions(found),
            "inputs": [_field_lines(part) for part in found.inputs],
            "outputs": [_field_lines(part) for part in found.outputs],
        },
        "module": f"{PYTHON_PREFIX}{wishes.module}" if wishes.module else "predict",
        "metric": found.metric,
        "lm": {"name": wishes.lm, "api_base": wishes.api_base},
        "dataset": dataset,
    }
    head = [
        f"# The program {wishes.name}, drafted from {wishes.data.name}: correct what was guessed.",
        "# A line that starts with # and a key shows its default: take the # out to change it.",
    ]
    return "\n".join([*head, *_section(ProgramSpec, given, 0)]) + "\n"


def _section(model: type[BaseModel], given: Mapping[str, Any], depth: int) -> list[str]:
    lines = []
    for name, info in model.model_fields.items():
        lines += [""] if depth == 0 else []
        lines += _comment(_meaning(name, info), depth)
        lines += _key(name, info, given.get(name), depth)
    return lines


def _key(name: str, info: FieldInfo, value: Any, depth: int) -> list[str]:
    """A key with its value, or commented out with its default."""
    pad, section = "  " * depth, _section_of(info)
    if section is not None and value:
        return [f"{pad}{name}:", *_section(section, value, depth + 1)]
    if isinstance(value, list):
        return [f"{pad}{name}:", *(f"{pad}  {line}" for lines in value for line in lines)]
    if value is not None:
        return [f"{pad}{name}: {_inline(value)}"]
    return [f"{pad}#{line}" for line in _defaults(name, info)]


def _defaults(name: str, info: FieldInfo) -> list[str]:
    """A key with its default; a section's keys below it, each with its meaning behind it."""
    section = _section_of(info)
    if section is None:
        default = info.get_default(call_default_factory=True)
        shown = default.name if isinstance(default, Choice) else default
        return [f"{name}: {_inline(shown)}".rstrip()]
    lines = [f"{name}:"]
    for key, part in section.model_fields.items():
        first, *rest = _defaults(key, part)
        meaning = f"  # {part.description}" if part.description else ""
        lines += [f"  {first}{meaning}", *(f"  {line}" for line in rest)]
    return lines


def _section_of(info: FieldInfo) -> type[Section] | None:
    part: Any = info.annotation
    is_section = isinstance(part, type) and issubclass(part, Section)
    return part if is_section and part is not Choice else None


def _meaning(name: str, info: FieldInfo) -> str:
    described = info.description or ""
    if name in _CATALOGS:
        own = f", or {PYTHON_PREFIX}package.module:Name" if name != "optimizer" else ""
        return f"{described} One of {', '.join(_CATALOGS[name].names())}{own}.".strip()
    return described


def _comment(text: str, depth: int) -> list[str]:
    pad = "  " * depth
    return [f"{pad}# {line}" for line in textwrap.wrap(text, _WIDTH - len(pad))]


def _field_lines(part: GuessedField) -> list[str]:
    """A field as it stands in the spec, with the values that the file has for it."""
    content = part.field.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    if part.field.type == "list":
        content["items"] = "str"
    content = {"type": part.field.type, **content}
    shown = part.field.type if len(content) == 1 else content
    return [*_values_comment(part), f"{part.field.name}: {_inline(shown)}"]


def _values_comment(part: GuessedField) -> list[str]:
    if not part.found:
        return []
    listed = [f"{value} ({count})" for value, count in list(part.found.items())[:_LISTED_VALUES]]
    more = len(part.found) - len(listed)
    rest = f" and {more} more" if more else ""
    return _comment(
        f"from_data takes the values that the file has when a version is made, now "
        f"{len(part.found)}: {', '.join(listed)}{rest}. Or list them: values: [a, b].",
        0,
    )


def _instructions(found: Guess) -> str:
    gives = " and ".join(part.field.name.replace("_", " ") for part in found.outputs)
    takes = " and ".join(part.field.name.replace("_", " ") for part in found.inputs)
    return f"Give the {gives} that fits the {takes}."


def _inline(value: Any) -> str:
    """A value as YAML on one line; nothing for None."""
    if value is None:
        return ""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    dumped = yaml.safe_dump(plain, default_flow_style=True, width=10_000, allow_unicode=True)
    return dumped.removesuffix("...\n").strip()


def _ignoring(path: Path) -> tuple[NewFile, ...]:
    """The .gitignore that keeps the home out of the repository, where it does not yet."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if any(line.strip().strip("/") == HOME_LINE.strip("/") for line in text.splitlines()):
        return ()
    gap = "" if not text or text.endswith("\n") else "\n"
    return (NewFile(path, f"{text}{gap}{HOME_LINE}\n"),)
