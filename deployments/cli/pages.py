"""Writing a page that somebody asked for to a file."""

from __future__ import annotations

from pathlib import Path

from deployments.cli import output


def write_page(out: Path, content: str) -> None:
    """Write a page and say so. Raises InputError where the file cannot be written."""
    from dspyui_core.errors import InputError
    from dspyui_core.files import write_pieces

    try:
        write_pieces([content], out)
    except OSError as error:
        raise InputError(
            f"{out} cannot be written: {error.strerror}", hint="name a file in a folder that exists"
        ) from error
    output.say(f"written: {out}")
