"""Dry runs: a workspace to look at, and the words that say that nothing was written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployments.cli import output

if TYPE_CHECKING:
    from dspyui_core.promotion import Change, Releases
    from dspyui_core.workspace import Workspace


def existing() -> Workspace | None:
    """The workspace of a home that there is, None where a command would have to make one."""
    from dspyui_core.settings import Settings
    from dspyui_core.workspace import Workspace

    settings = Settings.read()
    if settings.store.url is not None or (settings.home / "state.db").exists():
        return Workspace.open(settings=settings)
    return None


@contextmanager
def looking() -> Iterator[Workspace]:
    """The workspace of a dry run; an empty one, thrown away, stands in for a home to come."""
    from dspyui_core.settings import Settings
    from dspyui_core.workspace import Workspace

    there = existing()
    if there is not None:
        yield there
        return
    settings = Settings.read()
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace.open(Path(folder), settings)
        try:
            yield ws
        finally:
            ws.close()


def told(content: Mapping[str, Any], words: str, as_json: bool) -> None:
    """Print what would be done."""
    if as_json:
        output.document({**content, "dry_run": True})
    else:
        output.text(f"{words}\n  dry run: nothing was written")


def done(content: Mapping[str, Any], words: str, as_json: bool, *, dry_run: bool) -> None:
    """Print what was done, or would be."""
    if dry_run:
        told(content, words, as_json)
    elif as_json:
        output.document(content)
    else:
        output.text(words)


def show_change(ask: Callable[[Releases], Change], as_json: bool) -> None:
    """Print who would serve instead of whom, as the releases of this home say when asked."""
    from dataclasses import asdict

    with looking() as ws:
        change = ask(ws.releases)
    now = "nobody" if change.serving is None else f"version {change.serving}"
    words = f"{change.program}: version {change.version} would serve; now {now} serves"
    words += "".join(f"\n  version {was} is deleted in MLflow" for was in change.deleted)
    told(asdict(change), words, as_json)
