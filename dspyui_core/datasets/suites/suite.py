"""A suite of expectations: Great Expectations' own JSON, read and checked without importing it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from dspyui_core.datasets.suites.kinds import columns_in, expected_words, problems_of
from dspyui_core.errors import DatasetError
from dspyui_core.extensions import validation_problems
from dspyui_core.files import write_pieces
from dspyui_core.records import Record

Importance = Literal["critical", "warning", "info"]
FOLDER = "expectations"


class Expectation(Record):
    """One expectation of a suite, with the keys that Great Expectations writes.

    A failed one blocks where it is `critical`, warns where it is a `warning`, and is only told
    where it is an `info`.
    """

    type: str
    kwargs: Mapping[str, Any] = Field(default_factory=dict)
    severity: Importance = "critical"
    notes: str | tuple[str, ...] | None = None
    meta: Mapping[str, Any] | None = None
    id: str | None = None
    description: str | None = None
    rendered_content: Any = None

    @property
    def column(self) -> str:
        """The column of the profile that it is about; the first where it compares two."""
        return columns_in(self.type, self.kwargs)[0]

    @property
    def expected(self) -> str:
        """What it wants, in words."""
        return expected_words(self.type, self.kwargs)


class Suite(Record):
    """What judges the profile of a program's data."""

    name: str
    expectations: tuple[Expectation, ...] = Field(min_length=1)
    notes: str | tuple[str, ...] | None = None
    meta: Mapping[str, Any] | None = None
    id: str | None = None
    suite_parameters: Mapping[str, Any] | None = None

    @property
    def identity(self) -> str:
        """sha256 over what it judges by: not its name, notes, ids or layout."""
        parts = [[one.type, one.kwargs, one.severity] for one in self.expectations]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def text(self) -> str:
        """The file's text: Great Expectations' JSON of a suite, without what is not given."""
        content = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def suite_file(workspace: Path, program: str) -> Path:
    """Where the suite of a program is, where it has one."""
    return workspace / FOLDER / f"{program}.json"


def read_suite(path: Path, columns: Sequence[str]) -> Suite | None:
    """The suite in a file, None where there is no such file; `columns` are those of the profile.

    Raises DatasetError naming every wrong key, with the nearest match.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        hint = "mend it, or remove it: dspyui dataset suite --write makes a new one"
        raise DatasetError(f"{path} is no readable suite: {error}", hint=hint) from None
    try:
        suite = Suite.model_validate(content)
    except ValidationError as error:
        found = validation_problems(error, Suite, "")
        raise DatasetError(f"{path} is no valid suite", found, hint=_HINT) from None
    problems = [
        problem
        for number, one in enumerate(suite.expectations)
        for problem in problems_of(f"expectations.{number}", one.type, one.kwargs, columns)
    ]
    if problems:
        raise DatasetError(f"{path} is no valid suite", problems, hint=_HINT)
    return suite


def write_suite(path: Path, suite: Suite, *, force: bool) -> None:
    """Write a suite for people to edit. Raises DatasetError over a file, unless forced."""
    if path.exists() and not force:
        raise DatasetError(
            f"{path} is there already", hint="edit it, or write it anew with --force"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_pieces([suite.text()], path)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written: {error.strerror}", hint="name a folder you may write to"
        ) from None


_HINT = "dspyui dataset suite shows the columns and a suite that is right"
