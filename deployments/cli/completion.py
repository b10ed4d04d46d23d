"""What the shell completes: spec files and program names, read from the files themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

PLACES = ("", "programs", "*/programs")
NAME = re.compile(r"^name:\s*[\"']?([\w.-]+)", re.MULTILINE)
# Only a program spec has this key; other YAML files have names, too.
SIGNATURE = re.compile(r"^signature:", re.MULTILINE)
RATINGS = ("thumbs_up", "thumbs_down")


def spec_files(incomplete: str) -> list[str]:
    """The program specs near the current folder, or in the folder that is being typed."""
    typed = Path(incomplete).parent.as_posix() if "/" in incomplete else None
    paths = (path.as_posix() for path in _specs(Path(), *([typed] if typed else [])))
    return sorted({path for path in paths if path.startswith(incomplete)})


def program_names(incomplete: str) -> list[str]:
    """The names in the program specs of the workspace."""
    names = {_name(path) for path in _specs(Path(os.environ.get("DSPYUI_WORKSPACE", "")))}
    return sorted(name for name in names if name.startswith(incomplete))


def ratings(incomplete: str) -> list[str]:
    """The two ratings."""
    return [rating for rating in RATINGS if rating.startswith(incomplete)]


def _specs(folder: Path, *more: str) -> Iterator[Path]:
    for place in (*PLACES, *more):
        for path in folder.glob(f"{place}/*.y*ml" if place else "*.y*ml"):
            if _name(path):
                yield path


def _name(path: Path) -> str:
    """The program that a file describes, or an empty text where it describes none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = NAME.search(text)
    return found[1] if found and SIGNATURE.search(text) else ""
