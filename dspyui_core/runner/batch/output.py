"""The file that a batch job writes: the rows as they came, the answers, and how each row went."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dspyui_core.datasets import RawRow
from dspyui_core.errors import InputError
from dspyui_core.files import csv_line
from dspyui_core.runner.batch.jobs import RowResult

# What the program's outputs are called stays; a column of the file, or one of ours, gives way.
GIVEN, OURS = "given_", "batch_"
OWN = ("status", "error", "trace_id")
Finished = tuple[RawRow, RowResult]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns the written file has: of the file, of the answers, and of ours, in order."""

    given: Mapping[str, str]
    outputs: tuple[str, ...]
    own: tuple[str, ...]

    @classmethod
    def of(cls, columns: Sequence[str], outputs: Sequence[str]) -> Layout:
        """The layout for a file's columns and a program's outputs."""
        taken = {*columns, *outputs}
        # A column without a name has nobody who could ask for it.
        given = {
            name: _free(name, GIVEN, taken) if name in outputs else name for name in columns if name
        }
        taken |= set(given.values())
        return cls(given, tuple(outputs), tuple(_free(name, OURS, taken) for name in OWN))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column."""
        return (*self.given.values(), *self.outputs, *self.own)

    def row(self, raw: RawRow, result: RowResult) -> dict[str, Any]:
        """One row of the written file; what it lacks is None."""
        given = {name: raw.cells.get(column) for column, name in self.given.items()}
        outputs = {name: result.outputs.get(name) for name in self.outputs}
        told = (result.status, result.error or None, result.trace_id)
        return given | outputs | dict(zip(self.own, told, strict=True))


def demand_writable(out: Path, file: Path) -> None:
    """Raise InputError where the answers cannot go to this file, before anything is asked."""
    if out.suffix.lower() not in _WRITERS:
        raise InputError(
            f"{out} has the ending {out.suffix!r}, which is not written here",
            hint=f"use one of {', '.join(_WRITERS)}",
        )
    if not out.parent.is_dir():
        raise InputError(f"{out} cannot be written: no folder {out.parent}", hint="make it first")
    if out.exists() and file.exists() and out.samefile(file):
        raise InputError(f"{out} is the file that is read", hint="name another file with --out")


def written(rows: Iterable[Finished], layout: Layout, out: Path) -> Iterator[str]:
    """The written file, piece by piece, in the format that its ending names."""
    return _WRITERS[out.suffix.lower()](rows, layout)


def _csv(rows: Iterable[Finished], layout: Layout) -> Iterator[str]:
    yield csv_line(layout.columns)
    for row in rows:
        yield csv_line(list(layout.row(*row).values()))


def _jsonl(rows: Iterable[Finished], layout: Layout) -> Iterator[str]:
    for row in rows:
        # A missing number in a Parquet file is NaN, which is no JSON.
        plain = {k: None if v != v else v for k, v in layout.row(*row).items()}
        yield json.dumps(plain, ensure_ascii=False, default=str) + "\n"


def _free(name: str, prefix: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{prefix}{name}"
    return name


_WRITERS: dict[str, Callable[[Iterable[Finished], Layout], Iterator[str]]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
}
