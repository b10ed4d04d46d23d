"""The data gate: what a whole check costs, beside near-duplicate detection alone with datasketch.

    python benchmarks/validation.py                 # 1,000, 10,000 and 100,000 rows
    python benchmarks/validation.py --quick         # without the largest
    python benchmarks/validation.py --json          # for programs
    python benchmarks/validation.py --data FOLDER   # Banking77's train.csv instead of made-up rows

Each size has its own process. Measured is CPU time: of a whole check of that many rows, without
the label-noise check (cleanlab) and without expectations; of its near-duplicate search alone; of
MinHash with 128 permutations, LSH 0.2 below the similarity, candidates verified; of a check of one
row in a hundred more, in a file of its own, against a program that knows all the others; and of a
check of all of them together by that program. All libraries are imported before.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reporting import Bar, options, report

SIZES = (1_000, 10_000, 100_000)
COMPARED_AT = 10_000
SLOWEST, MOST_GB, INCREMENT = 4.0, 2.0, 0.10
SIMILARITY, LOWER, PERMUTATIONS = 0.7, 0.2, 128
REPEATED = 0.07
THINGS = (
    *("my new card", "the virtual card", "my top up", "a bank transfer", "the cash withdrawal"),
    *("my direct debit", "the exchange rate", "an extra fee", "my pin", "the refund", "my limit"),
)
PROBLEMS = (
    *("has not arrived yet", "was declined", "is still pending", "was charged twice", "is gone"),
    *("does not show in the app", "looks wrong to me", "was blocked", "cannot be cancelled"),
)
WORDS = (
    *("airport", "hotel", "lisbon", "yesterday", "update", "phone", "business", "abroad", "petrol"),
    *("station", "daughter", "school", "address", "train", "online", "shop", "holidays", "monday"),
    *("cashier", "receipt", "statement", "account", "verify", "identity", "passport", "country"),
    *("currency", "dollars", "weekend", "urgent", "customer", "support", "waiting", "minutes"),
    *("password", "settings", "merchant", "booking", "coffee", "groceries", "landlord", "salary"),
    *("payment", "machine", "contactless", "delivery", "envelope", "letter", "branch", "number"),
)
MEASURE = "import sys, validation; validation.measure_here(*sys.argv[1:])"


@dataclass(frozen=True)
class Row:
    """What one size took: seconds of CPU, and megabytes at the most."""

    rows: int
    check_s: float
    near_s: float
    minhash_s: float | None
    increment_s: float
    all_again_s: float
    peak_mb: float


def made_up(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """That many messages with a label; some nearly repeat an earlier one."""
    draw = random.Random(seed)
    rows: list[tuple[str, str]] = []
    while len(rows) < count:
        if rows and draw.random() < REPEATED:
            text, label = draw.choice(rows)
            rows.append((f"{text} {draw.choice('!?.')}", label))
            continue
        thing, problem = draw.choice(THINGS), draw.choice(PROBLEMS)
        context = " ".join(draw.choices(WORDS, k=5))
        rows.append((f"{thing} {problem}, {context} {draw.randrange(10**4)}", f"{thing} {problem}"))
    return rows


def borrowed(folder: Path, count: int) -> list[tuple[str, str]]:
    """Banking77's questions; where there are not enough, halves of two of them."""
    draw = random.Random(0)
    with (folder / "train.csv").open(newline="", encoding="utf-8") as file:
        known = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    rows = known[:count]
    while len(rows) < count:
        (text, label), (other, _) = draw.choice(known), draw.choice(known)
        words, more = text.split(), other.split()
        some = [*words[: len(words) // 2], *more[len(more) // 2 :]]
        rows.append((f"{' '.join(some)} {draw.randrange(10**6)}", label))
    return rows


def program(path: Path) -> Any:
    """A program on this file, whose checks are all but the one that fits a model."""
    from dspyui_core.spec import ProgramSpec

    return ProgramSpec.model_validate(
        {
            "name": "desk",
            "signature": {
                "instructions": "Name the intent.",
                "inputs": {"text": "str"},
                "outputs": {"intent": {"type": "literal", "values": "from_data"}},
            },
            "dataset": {
                "sources": [str(path)],
                "checks": {"label_noise": {"severity": "off"}},
            },
        }
    )


def written(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    """The rows as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("text", "intent"))
        lines.writerows(rows)
    return path


def near_alone(texts: Sequence[str]) -> None:
    """Our near-duplicate search."""
    from dspyui_core.datasets.near.index import Collection

    Collection.empty(SIMILARITY).compare(texts)


def minhash_alone(texts: Sequence[str]) -> None:
    """The peer's: candidates by LSH, verified with the same 4-grams."""
    from datasketch import MinHash, MinHashLSH

    from dspyui_core.text import character_ngrams, jaccard

    lsh = MinHashLSH(threshold=SIMILARITY - LOWER, num_perm=PERMUTATIONS)
    grams = [character_ngrams(text, 4) for text in texts]
    hashes = []
    for number, found in enumerate(grams):
        made = MinHash(num_perm=PERMUTATIONS)
        made.update_batch([gram.encode() for gram in found])
        lsh.insert(number, made)
        hashes.append(made)
    for number, made in enumerate(hashes):
        for other in lsh.query(made):
            jaccard(grams[number], grams[other])


def seconds(work: Callable[[], Any]) -> float:
    """How much CPU time it takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_mb() -> float:
    """The most that this process ever took."""
    # Not ru_maxrss: a child's begins with what its parent had when it was forked.
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def settled(folder: Path, path: Path) -> dict[str, Any]:
    """What a program that has decided about this file gives to its next check."""
    from dspyui_core.datasets import fold_dataset, settle
    from dspyui_core.storage import Derived
    from dspyui_core.store.engine import open_engine

    engine = open_engine(f"sqlite:///{folder / 'state.db'}")
    derived = Derived(folder)
    found = fold_dataset(program(path), (), upto=0)
    done = settle(found, engine, folder / "snapshots", derived=derived)
    assert not done.report.blocked, done.report.markdown()
    return {"engine": engine, "derived": derived}


def measure_here(folder: str, count: str, data: str) -> None:
    """Measure one size in this process; print it as JSON."""
    from dspyui_core.datasets import check_dataset

    place, size = Path(folder), int(count)
    more = max(size // 100, 1)
    rows = borrowed(Path(data), size + more) if data else made_up(size + more)
    known = written(place / "known.csv", rows[:size])
    new = written(place / "new.csv", rows[size:])
    everything = written(place / "all.csv", rows)
    texts = [text for text, _ in rows[:size]]
    check_dataset(program(written(place / "small.csv", rows[:200])))
    check_s = seconds(lambda: check_dataset(program(known)))
    peak = peak_mb()
    near_s = seconds(lambda: near_alone(texts))
    given = settled(place, known)
    measured = Row(
        rows=size,
        check_s=check_s,
        near_s=near_s,
        minhash_s=seconds(lambda: minhash_alone(texts)) if size <= COMPARED_AT else None,
        increment_s=seconds(lambda: check_dataset(program(new), **given)),
        all_again_s=seconds(lambda: check_dataset(program(everything), **given)),
        peak_mb=peak,
    )
    print(json.dumps(asdict(measured)))


def measured(size: int, data: Path | None) -> Row:
    """One size, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", MEASURE, folder, str(size), str(data or "")]
        here = Path(__file__).parent
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=here)
    return Row(**json.loads(done.stdout))


def bars(rows: Sequence[Row]) -> list[Bar]:
    """How much more than the peer's search alone, how much memory, and what one percent more costs.

    Memory and the increment are those of the largest size.
    """
    compared = next(row for row in rows if row.rows == COMPARED_AT)
    largest = rows[-1]
    return [
        Bar(
            f"whole check / MinHash alone at {COMPARED_AT:,}",
            compared.check_s / (compared.minhash_s or 0),
            SLOWEST,
            most=True,
        ),
        Bar(f"gigabytes at {largest.rows:,}", largest.peak_mb / 1024, MOST_GB, most=True),
        Bar(
            f"check of 1 % more / whole check at {largest.rows:,}",
            largest.increment_s / largest.check_s,
            INCREMENT,
            most=True,
        ),
    ]


def main() -> None:
    """Measure, print a table or JSON."""
    given = options(__doc__ or "", "without the largest", data="Banking77's folder, to measure on")
    sizes = SIZES[:-1] if given.quick else SIZES
    data = given.data.resolve() if given.data else None
    rows = [measured(size, data) for size in sizes]
    report("validation", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
