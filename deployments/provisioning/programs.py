"""The programs of a workspace: the specs in its folder `programs`, all of them valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dspyui_core.errors import Problem, SpecError
from dspyui_core.spec import ProgramSpec, read_spec

PROGRAMS = "programs"


@dataclass(frozen=True, slots=True)
class Program:
    """A spec, and where it is: `path` starts at the workspace."""

    spec: ProgramSpec
    path: Path


def read_programs(folder: Path, *, taken: Sequence[str] = ()) -> tuple[Program, ...]:
    """The programs of the workspace `folder`, by the names of their files.

    Raises SpecError with every problem of every spec, two of one name and those that are `taken`
    included.
    """
    paths = sorted(path for path in (folder / PROGRAMS).glob("*.y*ml") if path.is_file())
    problems: list[Problem] = []
    found: dict[str, Program] = {}
    for path in paths:
        place = path.relative_to(folder)
        try:
            spec = read_spec(path)
        except SpecError as error:
            problems += _of_file(place, error)
            continue
        remedy = _name_problem(spec.name, found, taken)
        if remedy:
            problems.append(Problem(f"{place}: name", "is taken", spec.name, remedy))
        else:
            found[spec.name] = Program(spec, place)
    if problems:
        raise SpecError(
            f"the specs in {folder / PROGRAMS} are not all valid; nothing was deployed", problems
        )
    return tuple(found.values())


def _name_problem(name: str, found: dict[str, Program], taken: Sequence[str]) -> str:
    if name in found:
        return f"{found[name].path} has it; give each program a name of its own"
    return "a flow has it; call the program something else" if name in taken else ""


def _of_file(place: Path, error: SpecError) -> list[Problem]:
    """What is wrong with one file, with its path before each key."""
    if not error.problems:
        return [Problem(str(place), error.message, remedy=error.hint)]
    return [replace(found, column=f"{place}: {found.column}") for found in error.problems]
