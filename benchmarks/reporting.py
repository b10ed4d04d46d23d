"""How a benchmark tells what it measured: as a table with its bars, or as one JSON document."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Set before MLflow is imported: no telemetry, no price list by network, no queue behind a trace.
QUIET = {
    "DO_NOT_TRACK": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",
}


@dataclass(frozen=True)
class Bar:
    """A figure and what it has to reach; `most` says that it may not exceed it instead."""

    name: str
    value: float
    bar: float
    most: bool = False

    def told(self) -> dict[str, Any]:
        """The entry of the document's `ratios`."""
        return {"name": self.name, "value": self.value, "bar": self.bar, "holds": self.holds}

    @property
    def holds(self) -> bool:
        """Whether the bar is reached."""
        return self.value <= self.bar if self.most else self.value >= self.bar


def options(description: str, quick: str, *, data: str = "") -> argparse.Namespace:
    """What every benchmark takes: --quick and --json; and --data FOLDER, where it says for what."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    if data:
        parser.add_argument("--data", type=Path, metavar="FOLDER", help=data)
    return parser.parse_args()


def quiet() -> None:
    """Keep the libraries off the network, and MLflow's logging synchronous."""
    os.environ.update(QUIET)


def write_ahead(database: Path) -> None:
    """Put a SQLite file in WAL mode, as the peer is measured at its best, too."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def report(name: str, rows: Sequence[Any], bars: Sequence[Bar], *, as_json: bool) -> None:
    """Print the rows (dataclasses of one kind) and the bars."""
    listed = [asdict(row) for row in rows]
    if as_json:
        content = {"name": name, "rows": listed, "ratios": [bar.told() for bar in bars]}
        print(json.dumps(content, indent=2))
        return
    _table(listed)
    for bar in bars:
        sign, held = "at most" if bar.most else "at least", "holds" if bar.holds else "MISSED"
        print(f"{bar.name}: {bar.value:.2f} ({sign} {bar.bar:g}, {held})")


def _table(rows: Sequence[Mapping[str, Any]]) -> None:
    cells = [list(rows[0]), *([_shown(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def _shown(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
