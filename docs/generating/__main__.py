"""`make reference`: write every page of docs/reference anew."""

from __future__ import annotations

from pathlib import Path

from generating.pages import PAGES

REFERENCE = Path(__file__).parents[1] / "reference"

if __name__ == "__main__":
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
