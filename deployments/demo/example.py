"""The example that the demonstration runs on, and the environment it runs in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dspyui_core.errors import InputError, NotFoundError

EXAMPLES = Path(__file__).parents[2] / "examples"
# The user's own servers and databases are none of the demonstration's business.
OTHERS = ("DSPYUI_", "PREFECT_API_", "MLFLOW_TRACKING_")


@dataclass(frozen=True, slots=True)
class Example:
    """A program spec with two files that it does not name.

    `live` holds what users will ask, with what they know to be right; `test` is asked of finished
    versions only.
    """

    spec: Path
    live: Path
    test: Path


def support_routing() -> Example:
    """The bank's support inbox. Raises NotFoundError where the examples are not installed."""
    folder = EXAMPLES / "support_routing"
    example = Example(
        spec=folder / "programs" / "support-routing.yaml",
        live=folder / "data" / "live.csv",
        test=folder / "data" / "test.csv",
    )
    if not example.spec.is_file():
        raise NotFoundError(
            f"the example is not at {folder}", hint="run the demonstration from a clone"
        )
    return example


@contextmanager
def demo_home(keep: Path | None) -> Iterator[Path]:
    """A fresh home that this process's settings point at; removed at the end unless kept.

    Raises InputError where the folder to keep is not empty.
    """
    if keep is not None:
        yield _entered(_fresh(keep))
        return
    with tempfile.TemporaryDirectory(prefix="dspyui-demo-", ignore_cleanup_errors=True) as folder:
        yield _entered(Path(folder))


def _fresh(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} is not an empty folder",
            hint="name a new one: the demonstration starts from nothing",
        )
    return folder


def _entered(home: Path) -> Path:
    for name in [name for name in os.environ if name.startswith(OTHERS)]:
        del os.environ[name]
    os.environ["DSPYUI_HOME"] = str(home.resolve())
    os.environ["DSPYUI_PROJECT"] = "demo"
    return home.resolve()
