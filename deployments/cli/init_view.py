"""What `dspyui init` guessed and wrote, as a person and as a machine reads it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.cli import output
from dspyui_core.datasets import DatasetReport
from dspyui_core.datasets.drafts.drafting import Draft
from dspyui_core.datasets.drafts.guessing import Guess, GuessedField

LISTED_VALUES = 6


@dataclass(frozen=True, slots=True)
class Made:
    """A guess, what was drafted from it, and what the gate says; `missing` is about a key."""

    guess: Guess
    draft: Draft
    report: DatasetReport
    data: Path
    out: Path
    written: bool
    missing: str

    def next_commands(self) -> list[str]:
        """What to run now, from the workspace's folder."""
        spec = shlex.quote(os.path.relpath(self.draft.spec_path, self.out))
        data = shlex.quote(os.path.relpath(self.data, self.out))
        name = self.draft.spec.name
        inputs = " ".join(f"--input {part.field.name}=..." for part in self.guess.inputs)
        given = " ".join(f"--correct {part.field.name}=..." for part in self.guess.outputs)
        moved = [] if self.out.resolve() == Path.cwd() else [f"cd {shlex.quote(str(self.out))}"]
        return [
            *moved,
            f"dspyui program check {spec}",
            f"dspyui dataset check {data} --program {spec}",
            f"dspyui run data-flywheel --program {spec}",
            f"dspyui predict {name} {inputs}",
            f"dspyui feedback add TRACE --rating thumbs_down {given}",
        ]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "program": self.draft.spec.name,
            "spec": str(self.draft.spec_path),
            "written": [str(file.path) for file in self.draft.files] if self.written else [],
            "inputs": [_field_json(part) for part in self.guess.inputs],
            "outputs": [_field_json(part) for part in self.guess.outputs],
            "left_out": {part.column: part.why for part in self.guess.left_out},
            "split_column": self.guess.split_column,
            "doubts": list(self.guess.doubts),
            "dataset": self.report.to_json(),
            "key": self.missing or None,
            "next": self.next_commands(),
        }


def show_made(made: Made) -> None:
    """Print the guess and why, the files, the verdict with what to do, and what is next."""
    found = made.guess
    lines = [f"{made.draft.spec.name}: {found.rows} rows of {found.file}"]
    lines += _columns(_guessed(found))
    lines += [f"  {part.column}: {_values(part)}" for part in found.outputs if part.found]
    lines += [f"  ? {doubt}" for doubt in found.doubts]
    lines += ["  change it with --label COLUMN and --input COLUMN, or in the spec", ""]
    verb = "written" if made.written else "not written (--dry-run)"
    lines += [f"{verb}: {file.path}" for file in made.draft.files]
    if not made.written:
        lines += ["", made.draft.files[0].text.rstrip(), ""]
    lines += [*_verdict(made.report), *([f"key: {made.missing}"] if made.missing else [])]
    if made.written:
        lines += ["", "next:", *(f"  {command}" for command in made.next_commands())]
    output.text("\n".join(lines))


def _guessed(found: Guess) -> Iterator[tuple[str, str, str, str]]:
    for role, parts in (("input", found.inputs), ("output", found.outputs)):
        for part in parts:
            yield role, _named(part), _typed(part), part.why
    if found.split_column:
        yield "split", found.split_column, "", "it says which rows are for comparing"
    for left in found.left_out:
        yield "left out", left.column or "(no name)", "", left.why


def _columns(rows: Iterator[tuple[str, str, str, str]]) -> list[str]:
    """Rows with their first three cells as wide as the widest."""
    all_rows = list(rows)
    widths = [max(len(row[place]) for row in all_rows) for place in range(3)]
    return [
        "  " + "  ".join([*(row[n].ljust(widths[n]) for n in range(3)), row[3]]) for row in all_rows
    ]


def _named(part: GuessedField) -> str:
    same = part.field.name == part.column
    return part.column if same else f"{part.field.name} (column {part.column})"


def _typed(part: GuessedField) -> str:
    return f"one of {len(part.found)}" if part.found else part.field.type


def _values(part: GuessedField) -> str:
    shown = [f"{value} ({count})" for value, count in list(part.found.items())[:LISTED_VALUES]]
    return ", ".join(shown) + ("" if len(part.found) <= LISTED_VALUES else ", ...")


def _verdict(report: DatasetReport) -> list[str]:
    told = [check for check in report.checks if check.severity != "pass"]
    stops = ["  a turn stops here until that is mended"] if report.blocked else []
    counts = f"{report.accepted} of {report.rows} rows accepted"
    findings = [f"  - {check.name}: {check.message}" for check in told]
    return [f"dataset check: {report.verdict}, {counts}", *findings, *stops]


def _field_json(part: GuessedField) -> dict[str, Any]:
    return {
        "name": part.field.name,
        "column": part.column,
        "type": part.field.type,
        "values": dict(part.found) or None,
        "why": part.why,
    }
