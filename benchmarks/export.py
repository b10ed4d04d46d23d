"""Exporting feedback: from the journal, and from MLflow with search_traces, at growing sizes.

    python benchmarks/export.py            # 1,000, 10,000 and 100,000 traces
    python benchmarks/export.py --quick    # without the largest
    python benchmarks/export.py --json     # for programs

Each size has that many answers, a third of them rated or corrected, in a journal and (up to 10,000)
in an MLflow database in WAL mode. Measured are a full export to CSV, what a user of MLflow would
call instead, the export of 100 new pieces for a consumer that had all before, and the most memory
that a process takes which does nothing but a full export.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from reporting import Bar, options, quiet, report, write_ahead

NAME = "desk"
NEW = 100
PORTION = 2_000
LARGEST_PEER = 10_000
FASTER, SLOWER, MORE_MB = 10.0, 2.0, 50.0
FORMATS = ("csv", "jsonl", "parquet")
# Its own process, because the most that one ever took is all that the system tells.
MEMORY = """
import sys
from pathlib import Path
from dspyui_core.data_exporter import DataExporter, Wanted
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
from dspyui_core.store.watermarks import Watermarks
engine = open_engine(sys.argv[1])
exporter = DataExporter(Journal(engine), Watermarks(engine))
exporter.deliver("desk", Wanted(), format=sys.argv[2], out=Path(sys.argv[3]))
# Not ru_maxrss: a child's begins with what its parent had when it was forked.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) / 1024)
"""


@dataclass(frozen=True)
class Row:
    """What one size took: seconds, and megabytes at the most (by format)."""

    traces: int
    feedback: int
    full_s: float
    mlflow_s: float | None
    new_100_s: float
    csv_mb: float
    jsonl_mb: float
    parquet_mb: float


@dataclass(frozen=True)
class Journaled:
    """A journal with so many answers, and its exporter."""

    url: str
    journal: Any
    exporter: Any


def entries(traces: int, start: int = 0) -> Iterator[Any]:
    """That many answers; on every third somebody's rating, on every sixth a correction."""
    from dspyui_core.store.journal import NewFeedback, NewPrediction

    for number in range(start, start + traces):
        trace = f"tr-{number:032x}"
        outputs = {"desk": f"desk {number % 12}", "tags": ["a", "b"], "sure": number % 5 > 0}
        inputs = {"text": f"message {number}: where is the card that I asked for last week?"}
        yield NewPrediction(NAME, trace, {"inputs": inputs, "outputs": outputs}, version=1)
        if number % 3 == 0:
            corrected = {"desk": "desk 3"} if number % 6 == 0 else None
            said = {"rating": "thumbs_down" if corrected else "thumbs_up"}
            said |= {"corrected_output": corrected, "comment": None}
            yield NewFeedback(trace, said, f"k{number}", f"user-{number % 97}")


def journaled(folder: Path, traces: int) -> Journaled:
    """A journal of that size."""
    from dspyui_core.data_exporter import DataExporter
    from dspyui_core.store.engine import open_engine
    from dspyui_core.store.journal import Journal
    from dspyui_core.store.watermarks import Watermarks

    url = f"sqlite:///{folder / f'state-{traces}.db'}"
    engine = open_engine(url)
    journal = Journal(engine)
    stream = entries(traces)
    while some := list(islice(stream, PORTION)):
        journal.append(some)
    return Journaled(url, journal, DataExporter(journal, Watermarks(engine)))


def full(made: Journaled, folder: Path) -> float:
    """Seconds of a full export to CSV; the median of three."""
    from dspyui_core.data_exporter import Wanted

    def export() -> None:
        made.exporter.deliver(NAME, Wanted(), format="csv", out=folder / "full.csv")

    return median(seconds(export) for _ in range(3))


def newest(made: Journaled, folder: Path, traces: int) -> float:
    """Seconds of exporting 100 new pieces to a consumer that had all before; median of five."""
    from dspyui_core.data_exporter import Wanted

    wanted, out, taken = Wanted(consumer="crm"), folder / "new.csv", []
    made.exporter.acknowledge(NAME, "crm", made.exporter.position(NAME))
    for turn in range(5):
        made.journal.append(list(entries(3 * NEW, traces + 3 * NEW * turn)))
        taken.append(seconds(lambda: made.exporter.deliver(NAME, wanted, format="csv", out=out)))
        assert len(out.read_text().splitlines()) == NEW + 1
    return median(taken)


def memory(made: Journaled, folder: Path, format: str) -> float:
    """Megabytes that a process takes at the most which does one full export."""
    command = [sys.executable, "-c", MEMORY, made.url, format, str(folder / f"out.{format}")]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return float(done.stdout)


def searched(made: Journaled, folder: Path, traces: int) -> float | None:
    """Seconds of `mlflow.search_traces` on the same answers and feedback."""
    if traces > LARGEST_PEER:
        return None
    import mlflow

    from dspyui_core.mirror import mirror_once
    from dspyui_core.store.engine import open_engine
    from dspyui_core.store.watermarks import Watermarks

    database = folder / f"mlflow-{traces}.db"
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    place = mlflow.set_experiment(NAME).experiment_id
    write_ahead(database)
    client = mlflow.MlflowClient()
    marks = Watermarks(open_engine(made.url))
    mirror_once(made.journal, marks, client, program=NAME, experiment_id=place)

    def search() -> None:
        found = mlflow.search_traces(locations=[place], max_results=traces)
        assert len(found) == traces

    return seconds(search)


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(folder: Path, traces: int) -> Row:
    """One size, the peer and ours in turn."""
    made = journaled(folder, traces)
    peaks = {f"{format}_mb": memory(made, folder, format) for format in FORMATS}
    return Row(
        traces=traces,
        feedback=made.journal.count(kind="feedback"),
        full_s=full(made, folder),
        mlflow_s=searched(made, folder, traces),
        new_100_s=newest(made, folder, traces),
        **peaks,
    )


def bars(rows: list[Row]) -> list[Bar]:
    """How much faster than MLflow; how much slower, and how much bigger, where there is more.

    Memory may have grown since 10,000, or where those are the most, since the smallest size.
    """
    by_size = {row.traces: row for row in rows}
    large, largest, small = by_size[LARGEST_PEER], rows[-1], rows[0]
    before = large if largest is not large else small
    grown = max(
        getattr(largest, f"{format}_mb") - getattr(before, f"{format}_mb") for format in FORMATS
    )
    return [
        Bar("search_traces / full export at 10,000", (large.mlflow_s or 0) / large.full_s, FASTER),
        Bar(
            f"100 new pieces at {largest.traces:,} / at {small.traces:,}",
            largest.new_100_s / small.new_100_s,
            SLOWER,
            most=True,
        ),
        Bar(
            f"megabytes more at {largest.traces:,} than at {before.traces:,}",
            grown,
            MORE_MB,
            most=True,
        ),
    ]


def main() -> None:
    """Measure, print a table or JSON."""
    given = options(__doc__ or "", "without the largest")
    quiet()
    sizes = (1_000, 10_000) if given.quick else (1_000, 10_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        rows = [measured(Path(folder), traces) for traces in sizes]
    report("export", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
