"""Owns running a page of the documentation as its reader would, and comparing what it shows.

Blocks count from top to bottom, in one fresh folder: one whose first line is `# file: PATH` is
written there, a console block is run. Ids and times differ from run to run: ids are matched by
their order (a shown id in a later command or file stands for the one that was really printed),
times are masked. With REWRITE_PAGES=1 the page gets what was printed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from support.home import ROOT, Home

SHOWN_ADDRESS = "http://localhost:8000/v1"
FILE_MARK = "# file: "
# Progress is for whoever waits, and no page shows it.
PROGRESS = re.compile(r"\d\d:\d\d:\d\d  .*|starting a Prefect server for this run|scoring.*")
IDS = re.compile(r"tr-[0-9a-f]{32}|\b[0-9a-f]{32}\b")
MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"\b\d+\.\d+ s\b"), "<seconds>"),
    (re.compile(r"\b\d+\.\d+ ms\b"), "<milliseconds>"),
    (re.compile(r"\b\d+\.\d+ MB\b"), "<size>"),
    # The address of the page's LM is part of a spec, and differs from run to run.
    (re.compile(r"\bspec [0-9a-f]{12}\b"), "spec <hash>"),
    (re.compile(r'"(seconds|latency_ms)": [\d.]+'), r'"\1": <number>'),
)
MISUSED = (1, 2)


@dataclass
class Shell:
    """One folder and one environment, in which the commands of a page run one after another."""

    home: Home
    address: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def write(self, path: str, text: str) -> None:
        """Write a file that the page shows."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace(SHOWN_ADDRESS, self.address), encoding="utf-8")

    def run(self, command: str) -> list[str]:
        """What a reader sees of a command: its output, and why it failed where it did."""
        if exported := re.fullmatch(r"export (\w+)=(.*)", command):
            self.variables[exported[1]] = exported[2].strip("'\"")
            return []
        done = subprocess.run(
            ["bash", "-c", command.replace(SHOWN_ADDRESS, self.address)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        told = [line for line in done.stderr.splitlines() if not PROGRESS.fullmatch(line)]
        seen = [*done.stdout.splitlines(), *(told if done.returncode in MISUSED else ())]
        text = "\n".join(line.rstrip() for line in seen)
        return text.replace(self.address, SHOWN_ADDRESS).replace(str(self.folder), ".").splitlines()

    def _environment(self) -> dict[str, str]:
        environment = self.home.environment(DSPYUI_USER="maria", **self.variables)
        folders = (self._commands(), Path(sys.executable).parent, environment["PATH"])
        return environment | {"PATH": os.pathsep.join(map(str, folders))}

    def _commands(self) -> Path:
        """A folder with `dspyui`, which need not import the libraries anew."""
        command = self.home.folder / "bin" / "dspyui"
        if not command.exists():
            command.parent.mkdir()
            own = [*self.home.python, str(Path(sys.executable).with_name("dspyui"))]
            command.write_text(f'#!/bin/sh\nexec {shlex.join(own)} "$@"\n')
            command.chmod(0o755)
        return command.parent


@dataclass
class Page:
    """A Markdown page on its way through its commands."""

    path: Path
    ids: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def play(self, shell: Shell) -> str:
        """Run the page; returns its text with what was really printed."""
        played: list[str] = []
        lines = iter(self.path.read_text(encoding="utf-8").splitlines())
        for line in lines:
            played.append(line)
            if not line.startswith("```") or line == "```":
                continue
            block = _taken(lines)
            if line == "```console":
                block = self._console(block, shell)
            elif block[0].startswith(FILE_MARK):
                block = [self._translated(text) for text in block]
                self._file(block, shell, keeps_mark=not line.startswith("```csv"))
            played += [*block, "```"]
        return "\n".join(played) + "\n"

    def _file(self, block: Sequence[str], shell: Shell, *, keeps_mark: bool) -> None:
        content = block if keeps_mark else block[1:]
        shell.write(block[0].removeprefix(FILE_MARK), "\n".join(content) + "\n")

    def _console(self, block: Sequence[str], shell: Shell) -> list[str]:
        played: list[str] = []
        for command, shown in _commands(block):
            printed = shell.run(self._translated(command))
            self._compare(command, shown, printed)
            played += [f"$ {self._translated(command)}", *printed]
        return played

    def _translated(self, command: str) -> str:
        return IDS.sub(lambda found: self.ids.get(found[0], found[0]), command)

    def _compare(self, command: str, shown: Sequence[str], printed: Sequence[str]) -> None:
        ids = (IDS.findall("\n".join(lines)) for lines in (shown, printed))
        for was, now in zip(*ids, strict=False):
            self.ids.setdefault(was, now)
        expected = [self._translated(_masked(line)) for line in shown]
        found = [_masked(line) for line in printed]
        if expected != found:
            self.differences.append(_difference(command, shown, printed))


def played(page: Path, home: Home, *, address: str) -> tuple[str, list[str]]:
    """The page as it would read now, and each command that prints something else than is shown."""
    folder = home.folder.parent / "page"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    reading = Page(page)
    text = reading.play(Shell(home, address, folder))
    return text, reading.differences


def _taken(lines: Iterator[str]) -> list[str]:
    """The lines up to the end of a block."""
    return list(takewhile(lambda line: line != "```", lines))


def _commands(block: Sequence[str]) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in block:
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(line)
    return found


def _masked(line: str) -> str:
    for pattern, name in MASKS:
        line = pattern.sub(name, line)
    return line.rstrip()


def _difference(command: str, shown: Sequence[str], printed: Sequence[str]) -> str:
    return "\n".join([f"$ {command}", "shown:", *shown, "printed:", *printed])
