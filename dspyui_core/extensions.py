"""Named catalogs over entry points: metrics, optimizers, modules, checks, promotion rules."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel, ValidationError

from dspyui_core.errors import Problem, SpecError


@dataclass(frozen=True, slots=True)
class Catalog:
    """The entries of one entry-point group; names are readable without importing an entry.

    An entry is a class with an `Options` pydantic model; what else it must have, its group says.
    """

    group: str
    noun: str

    def names(self) -> tuple[str, ...]:
        """All registered names, sorted."""
        return tuple(sorted({entry.name for entry in _entries(self.group)}))

    def get(self, name: str) -> Any:
        """The entry's class.

        Raises SpecError with the nearest name where there is none, and where two packages
        registered it or its package is broken.
        """
        found = {entry.value: entry for entry in _entries(self.group) if entry.name == name}
        if not found:
            raise SpecError(f"no {self.noun} named {name!r}", [self.unknown(self.noun, name)])
        if len(found) > 1:
            raise SpecError(
                f"the {self.noun} {name!r} is registered twice: {', '.join(sorted(found))}",
                hint="uninstall one of the packages",
            )
        (target, entry), *_ = found.items()
        try:
            return entry.load()
        except (ImportError, AttributeError) as error:
            raise SpecError(
                f"the {self.noun} {name!r} ({target}) cannot be imported: {error}",
                hint="install its package again, or mend it",
            ) from error

    def options(self, name: str, values: Mapping[str, Any]) -> BaseModel:
        """The entry's validated options. Raises SpecError with every problem."""
        problems = self.option_problems(self.noun, name, values)
        if problems:
            raise SpecError(f"the options of {self.noun} {name!r} are wrong", problems)
        return self._options(name).model_validate(values)

    def option_problems(self, key: str, name: str, values: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with options, by dotted key below `key`; empty where nothing is."""
        model = self._options(name)
        try:
            model.model_validate(values)
        except ValidationError as error:
            return validation_problems(error, model, f"{key}.options")
        return []

    def unknown(self, key: str, name: str, *, besides: Iterable[str] = ()) -> Problem:
        """The problem of a name that nobody registered; those `besides` are not suggested."""
        allowed = tuple(sorted({*self.names()} - {*besides}))
        return Problem(key, f"is no {self.noun}", name, choice_hint(name, allowed))

    def _options(self, name: str) -> type[BaseModel]:
        model: type[BaseModel] = self.get(name).Options
        return model


# The type of a finding whose value must not be repeated.
SECRET = "secret"


@cache
def _entries(group: str) -> tuple[EntryPoint, ...]:
    # One look at every installed package takes tens of milliseconds; a spec needs a dozen looks.
    return tuple(entry_points(group=group))


METRICS = Catalog("dspyui.metrics", "metric")
OPTIMIZERS = Catalog("dspyui.optimizers", "optimizer")
MODULES = Catalog("dspyui.modules", "module")
CHECKS = Catalog("dspyui.checks", "check")
PROMOTION_RULES = Catalog("dspyui.promotion_rules", "promotion rule")


def choice_hint(word: str, allowed: tuple[str, ...]) -> str:
    """What could have been meant: the nearest match first, then every allowed word."""
    near = difflib.get_close_matches(word, allowed, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}allowed: {', '.join(allowed) or 'none is installed'}"


def validation_problems(error: ValidationError, model: type[BaseModel], at: str) -> list[Problem]:
    """Pydantic's findings as problems with dotted keys; unknown keys name their nearest match."""
    return [_problem(detail, model, at) for detail in error.errors(include_url=False)]


def _problem(detail: Any, model: type[BaseModel], at: str) -> Problem:
    location = tuple(detail["loc"])
    key = ".".join(str(part) for part in ((at,) if at else ()) + location)
    if detail["type"] == "extra_forbidden":
        allowed = _keys_at(model, location[:-1])
        return Problem(
            key, "is not a key that exists here", None, choice_hint(str(location[-1]), allowed)
        )
    if detail["type"] == "model_type":
        keys = ", ".join(_keys_at(model, location))
        return Problem(key, "takes keys, not one value", detail["input"], f"its keys: {keys}")
    message = str(detail["msg"]).removeprefix("Value error, ")
    value = None if detail["type"] in ("missing", SECRET) else detail["input"]
    return Problem(key, message[:1].lower() + message[1:], value)


def _keys_at(model: type[BaseModel], path: tuple[Any, ...]) -> tuple[str, ...]:
    current: Any = model
    for part in path:
        field = getattr(current, "model_fields", {}).get(part)
        current = _model_in(field.annotation) if field else current
    return tuple(getattr(current, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    inner = getattr(annotation, "__args__", ())
    models = [part for part in (annotation, *inner) if hasattr(part, "model_fields")]
    return models[0] if models else None
