"""`dspyui dataset check` on files that nobody wrote for it: an answer or a clear error, in time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from integration.cli.conftest import Office
from support import tiny

MEGABYTE = 1_048_576
Writer = Callable[[Path], object]


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Office:
    """A folder with a tiny program and no home yet."""
    monkeypatch.setenv("DSPYUI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    tiny.write_program(tmp_path)
    return Office(tmp_path, capfd)


def table(*extra: str) -> str:
    """The tiny program's rows as CSV, and these lines."""
    lines = ["text,desk", *(f'"{text}",{desk}' for text, desk in tiny.rows()), *extra]
    return "\n".join(lines) + "\n"


def wide(path: Path) -> None:
    header, *rows = table().splitlines()
    names = "".join(f",c{number}" for number in range(10_000))
    path.write_text("\n".join([header + names, *(row + ",1" * 10_000 for row in rows)]))


def repeating(path: Path) -> None:
    rows = [json.dumps({"text": text, "desk": desk}) for text, desk in tiny.rows()]
    path.write_text("\n".join([*rows, '{"text": "twice", "desk": "delta", "desk": "amber"}']))


def endless_texts(path: Path) -> None:
    places = pa.array([0] * 2_000, pa.int32())
    text = pa.DictionaryArray.from_arrays(places, ["x" * MEGABYTE])
    desks = pa.DictionaryArray.from_arrays(places, ["delta"])
    pq.write_table(pa.table({"text": text, "desk": desks}), path, compression="zstd")


def endless_rows(path: Path) -> None:
    blanks = pa.nulls(10_000_000, pa.string())
    pq.write_table(pa.table({"text": blanks, "desk": blanks}), path, compression="zstd")


def deep(path: Path) -> None:
    path.write_text("[" * 10_000 + "]" * 10_000)


REFUSED: dict[str, tuple[Writer, str]] = {
    "mixed.csv": (lambda p: p.write_bytes(table().encode() + b"caf\xe9,delta\n"), "is not UTF-8"),
    "utf16.csv": (lambda p: p.write_bytes(table().encode("utf-16")), "UTF-16"),
    "deep.json": (deep, "nested too deeply"),
    "digits.jsonl": (lambda p: p.write_text(f'{{"text": {"9" * 5_000}}}'), "too many digits"),
    "pipe.csv": (os.mkfifo, "it is a pipe"),
    "device.csv": (lambda p: p.symlink_to("/dev/zero"), "it is a device"),
    "folder.csv": (Path.mkdir, "it is a folder"),
    "empty.csv": (lambda p: p.write_text(""), "is empty"),
    "cut.parquet": (lambda p: p.write_bytes(b"PAR1\0\0"), "no readable Parquet"),
    "bomb.parquet": (endless_rows, "times its size"),
    "quote.csv": (lambda p: p.write_text(table('"open,delta')), "broken CSV"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_checked_is_refused_with_a_reason_and_a_remedy(
    desk: Office, name: str
) -> None:
    write, reason = REFUSED[name]
    write(desk.folder / name)

    said = desk.dspyui("dataset", "check", name, "--program", "desk.yaml", "--json")

    assert said.code == 2
    assert reason in said.err + said.out
    assert "Traceback" not in said.err


TAKEN: dict[str, tuple[Writer, int]] = {
    "formulas.csv": (lambda p: p.write_text(table("=cmd|' /C calc'!A0,delta")), 0),
    "nul.csv": (lambda p: p.write_text(table("a\0b,delta", "fine\0,amber")), 2),
    "wide.csv": (wide, 0),
    "long.csv": (lambda p: p.write_text(table(f"{'x' * MEGABYTE},delta")), 1),
    "shared.parquet": (endless_texts, 2_000),
    "keys.jsonl": (repeating, 1),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_file_with_hostile_rows_is_checked_and_they_are_quarantined(
    desk: Office, name: str
) -> None:
    write, bad = TAKEN[name]
    write(desk.folder / name)

    said = desk.dspyui("dataset", "check", name, "--program", "desk.yaml", "--json")

    assert said.code in (0, 3)
    contract = next(check for check in said.json["checks"] if check["name"] == "contract")
    assert contract["count"] == bad
    assert len(said.out) < 50 * MEGABYTE
    assert "Traceback" not in said.err
