"""Reading a spec file: YAML in, a validated ProgramSpec or every problem of it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dspyui_core.errors import Problem, SpecError
from dspyui_core.extensions import (
    CHECKS,
    METRICS,
    MODULES,
    OPTIMIZERS,
    PROMOTION_RULES,
    Catalog,
    validation_problems,
)
from dspyui_core.spec.base import PYTHON_PREFIX
from dspyui_core.spec.data import GATE_CHECKS
from dspyui_core.spec.sections import LmSpec, ProgramSpec

_CATALOGS: Mapping[str, Catalog] = {"metric": METRICS, "optimizer": OPTIMIZERS, "module": MODULES}
_ASKING = "write metric: llm_judge, or leave it out"
_NUMBERED_FIELD = re.compile(r"^signature\.(inputs|outputs)\.(\d+)")


def read_spec(path: Path) -> ProgramSpec:
    """Read and validate a spec file; relative source paths become absolute.

    Raises SpecError naming every wrong key, with the allowed values and the nearest match.
    """
    spec = parse_spec(_yaml(path), origin=str(path))
    folder = path.resolve().parent
    sources = tuple(
        source.model_copy(update={"path": folder / source.path}) for source in spec.dataset.sources
    )
    return spec.model_copy(update={"dataset": spec.dataset.model_copy(update={"sources": sources})})


def parse_spec(content: Mapping[str, Any], *, origin: str = "spec") -> ProgramSpec:
    """A validated spec from plain data. Raises SpecError with every problem."""
    chosen = [problem for key in _CATALOGS for problem in _choice_problems(key, content.get(key))]
    chosen += _check_problems(content) + _rule_problems(content)
    try:
        spec = ProgramSpec.model_validate(content)
    except ValidationError as error:
        found = _causes(validation_problems(error, ProgramSpec, ""))
        problems = [_with_field_name(problem, content) for problem in found] + chosen
        raise SpecError(f"{origin} is not a valid program spec", problems) from None
    if chosen:
        raise SpecError(f"{origin} is not a valid program spec", chosen)
    if spec.judge != LmSpec() and not spec.asks_judge:
        unasked = Problem("judge", "is not asked by this metric", spec.judge.name, _ASKING)
        raise SpecError(f"{origin} is not a valid program spec", [unasked])
    return spec


def _choice_problems(key: str, choice: Any) -> list[Problem]:
    name, options = _name_in(choice), _options_in(choice)
    catalog = _CATALOGS[key]
    if not isinstance(name, str):
        return []
    if name.startswith(PYTHON_PREFIX) and catalog is not OPTIMIZERS:
        return _target_problems(key, name)
    if name not in catalog.names():
        return [catalog.unknown(key, name)]
    return catalog.option_problems(key, name, options)


def _check_problems(content: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the names and options of `dataset.checks.extra`."""
    return _listed_problems(content, ("dataset", "checks", "extra"), CHECKS, given=GATE_CHECKS)


def _rule_problems(content: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the names and options of `promotion.rules`."""
    return _listed_problems(content, ("promotion", "rules"), PROMOTION_RULES)


def _listed_problems(
    content: Mapping[str, Any], keys: tuple[str, ...], catalog: Catalog, given: tuple[str, ...] = ()
) -> list[Problem]:
    """What is wrong with a list of a catalog's entries; those `given` are there without asking."""
    listed: Any = content
    for key in keys:
        listed = listed.get(key) if isinstance(listed, Mapping) else None
    choices = listed if isinstance(listed, list | tuple) else ()
    names = [_name_in(choice) for choice in choices]
    problems = []
    for number, (name, choice) in enumerate(zip(names, choices, strict=True)):
        key = ".".join((*keys, str(number)))
        if name in names[:number]:
            problems.append(Problem(key, "is there twice", name, f"name each {catalog.noun} once"))
        elif name in given:
            remedy = f"leave it out; what it can be told are the keys of {'.'.join(keys[:-1])}"
            problems.append(Problem(key, "always runs", name, remedy))
        elif isinstance(name, str) and name not in catalog.names():
            problems.append(catalog.unknown(key, name, besides=given))
        elif isinstance(name, str):
            problems += catalog.option_problems(key, name, _options_in(choice))
    return problems


def _name_in(choice: Any) -> Any:
    return choice.get("name") if isinstance(choice, Mapping) else choice


def _options_in(choice: Any) -> Mapping[str, Any]:
    """The options of a choice; what is no mapping is told by the spec's own type."""
    options = choice.get("options") if isinstance(choice, Mapping) else None
    return options if isinstance(options, Mapping) else {}


def _target_problems(key: str, name: str) -> list[Problem]:
    module, _, attribute = name.removeprefix(PYTHON_PREFIX).partition(":")
    if module and attribute:
        return []
    return [Problem(key, "names no code", name, "write python:package.module:Name")]


def _causes(problems: list[Problem]) -> list[Problem]:
    """Without those that only follow: a list whose items are all wrong counts as too short."""
    columns = [problem.column for problem in problems]
    return [
        problem
        for problem in problems
        if not any(column.startswith(f"{problem.column}.") for column in columns)
    ]


def _with_field_name(problem: Problem, content: Mapping[str, Any]) -> Problem:
    """The problem under the name that its field has in the file; pydantic numbers the fields."""
    numbered = _NUMBERED_FIELD.match(problem.column)
    if numbered is None:
        return problem
    fields = content["signature"][numbered[1]]
    if not isinstance(fields, Mapping):
        return problem
    name = list(fields)[int(numbered[2])]
    rest = problem.column[numbered.end() :]
    return replace(problem, column=f"signature.{numbered[1]}.{name}{rest}")


def _yaml(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_OnceEach)
    except FileNotFoundError:
        raise SpecError(
            f"no spec file {path}",
            hint="check the path; where the program was removed: dspyui deploy",
        ) from None
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}", hint="check the path") from None
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not UTF-8 text", hint="name a YAML file") from None
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from None
    if not isinstance(content, Mapping):
        raise SpecError(f"{path} holds no keys", hint="start with: name: my-program")
    return content


class _OnceEach(yaml.SafeLoader):
    """YAML in which a key that is there twice is an error, as YAML has it, and not the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                message = f"the key {key.value!r} is there twice"
                raise yaml.MarkedYAMLError(problem=message, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _not_yaml(path: Path, error: yaml.YAMLError) -> SpecError:
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if mark is None:
        reason = str(error).partition("\n")[0]
        return SpecError(f"{path} is not readable YAML: {reason}", hint="write it as plain text")
    # Where a bracket or a quote was opened that nothing closes.
    opened = getattr(error, "context_mark", None) or mark
    lines = f"from line {opened.line + 1} on" if opened.line < mark.line else "at that line"
    return SpecError(
        f"{path} is not readable YAML at line {mark.line + 1}, column {mark.column + 1}: {problem}",
        hint="indent with spaces, never with tabs" if "\\t" in str(problem) else f"look {lines}",
    )
