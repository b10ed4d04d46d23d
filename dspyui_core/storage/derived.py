"""Derived data: what a home keeps to be faster, and makes again from the rest where it is gone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dspyui_core.errors import StoreError

__all__ = ["DERIVED", "Derived"]

# Its folder in a home; no backup has it.
DERIVED: Final = "derived"


@dataclass(frozen=True, slots=True)
class Derived:
    """The derived files of a home, in a folder for each kind and program.

    They may be lost, damaged or of another time at any moment: who reads them checks them.
    """

    home: Path

    def near(self, program: str) -> Path:
        """Where the near-duplicate index of a program is; the folder need not exist."""
        return self.home / DERIVED / "near" / program

    def drop(self, program: str) -> None:
        """Remove all that was derived from a program's rows, for what they said is in it.

        Raises StoreError where something is left.
        """
        folder = self.near(program)
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(
                f"the folder {folder} cannot be removed: {error.strerror}",
                hint="remove it by hand, then do this again; it is made again when it is needed",
            ) from error
