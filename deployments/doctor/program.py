"""A program: its spec, its own code against the champion's, and its LM, asked once."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from deployments.doctor.databases import read_only, sqlite_file
from deployments.doctor.finding import Finding
from dspyui_core.errors import FlywheelError, InputError, LMError
from dspyui_core.spec import LmSpec, ProgramSpec

LONGEST_WAIT = 30.0
CHAMPION = (
    "select v.version, v.storage_location from registered_model_aliases a "
    "join model_versions v on v.name = a.name and v.version = a.version "
    "where a.name = ? and a.alias = 'champion'"
)


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A program's spec file, and whether its program can be made."""

    path: Path
    workspace: Path
    name: str = "program"

    def run(self) -> Finding:
        """Validate it; no LM is called."""
        from dspyui_core.compiler import check_program

        try:
            found = check_program(self.path, workspace=self.workspace)
        except InputError as error:
            told = "; ".join([error.message, *map(str, error.problems)])
            remedy = error.hint or f"correct {self.path}"
            return Finding(self.name, "fail", told, remedy)
        except FlywheelError as error:
            return Finding(self.name, "fail", error.message, error.hint)
        if found.warnings:
            return Finding(self.name, "warn", "; ".join(found.warnings), f"look at {self.path}")
        return Finding(self.name, "ok", f"{found.program}: {found.signature}")


@dataclass(frozen=True, slots=True)
class OwnCode:
    """The `python:` parts of a program, against those that its champion was made with.

    Looked at where MLflow is a SQLite file with its artifacts on this disk.
    """

    spec: ProgramSpec
    tracking_uri: str
    workspace: Path
    name: str = "own code"

    def run(self) -> Finding:
        """Load the champion's files; they are read, and never run."""
        parts = [part.name for part in (self.spec.module, self.spec.metric) if part.is_python]
        if not parts:
            return Finding(self.name, "ok", "the program has no python: parts")
        champion = _champion(self.tracking_uri, self.spec.name)
        if champion is None:
            return Finding(self.name, "ok", f"{', '.join(parts)}; no champion to compare with here")
        from dspyui_core import programs
        from dspyui_core.mlflow_tracking import program_uri

        version, model = champion
        try:
            folder = Path(program_uri(str(model)))
            warnings = programs.load(folder, workspace=self.workspace).warnings
        except FlywheelError as error:
            return Finding(self.name, "warn", f"version {version}: {error.message}", error.hint)
        if not warnings:
            return Finding(self.name, "ok", f"{', '.join(parts)} as version {version} was made")
        remedy = "take a turn, or bring the old code back; version and code answer together"
        return Finding(self.name, "warn", f"version {version}: {'; '.join(warnings)}", remedy)


@dataclass(frozen=True, slots=True)
class Lm:
    """An LM, asked one short question as a turn would ask it."""

    spec: LmSpec
    name: str = "lm"

    def run(self) -> Finding:
        """Ask it, once and without the cache."""
        from dspyui_core.lms import require_key

        started = time.monotonic()
        try:
            require_key(self.spec.name)
            self._ask()
        except LMError as error:
            return Finding(self.name, "fail", error.message, error.hint)
        return Finding(
            self.name, "ok", f"{self.spec.name} answered in {time.monotonic() - started:.1f} s"
        )

    def _ask(self) -> None:
        import dspy

        from dspyui_core.lms import lm_errors, open_lm, using_lm

        lm = open_lm(
            self.spec.name,
            cache_dir=None,
            timeout=min(self.spec.timeout, LONGEST_WAIT),
            num_retries=0,
            temperature=self.spec.temperature,
            max_tokens=self.spec.max_tokens,
            api_base=self.spec.api_base,
        )
        # An answer from the cache would say nothing of today's LM.
        lm.cache = False
        with using_lm(lm), lm_errors():
            dspy.Predict("text -> answer")(text="Are you there? Answer with yes.")


def _champion(tracking_uri: str, program: str) -> tuple[int, Path] | None:
    """The champion's version and folder, where this disk has both."""
    path = sqlite_file(tracking_uri)
    if path is None or not path.exists():
        return None
    try:
        with closing(read_only(path)) as connection:
            row = connection.execute(CHAMPION, (program,)).fetchone()
    except sqlite3.Error:
        return None
    location = urlsplit(row[1] or "") if row else None
    if location is None or location.scheme not in ("", "file"):
        return None
    return int(row[0]), Path(url2pathname(location.path))
