"""Roles: which column holds the right answers, which the splits, and which are of no use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from dspyui_core.datasets.drafts.columns import Column
from dspyui_core.records import SplitName

# What a column of right answers is called, the surest name first.
LABEL_NAMES = (
    *("label", "labels", "intent", "category", "class", "target", "sentiment", "topic"),
    *("tag", "answer", "output", "expected", "gold", "response", "completion", "summary"),
    *("translation", "reply"),
)
# What a column that says which rows are for testing is called.
SPLIT_NAMES = ("split", "subset", "partition", "fold")
MOST_SPLITS = 5
LONGEST_UNNAMED_CLASS = 40


@dataclass(frozen=True, slots=True)
class Chosen:
    """The output columns, why they are, and what speaks for others."""

    columns: tuple[Column, ...]
    why: str
    doubts: tuple[str, ...] = ()


def choose_outputs(columns: Sequence[Column], labels: Sequence[str]) -> Chosen:
    """The columns named as labels, or else the one that most likely holds the right answers."""
    if labels:
        named = {column.name: column for column in columns}
        return Chosen(tuple(named[name] for name in labels if name in named), "named with --label")
    usable = [column for column in columns if _may_be_label(column)]
    called = sorted((c for c in usable if _label_rank(c) is not None), key=_sureness)
    if called:
        return Chosen((called[0],), "it is called like a label", _rivals(called))
    classes = [column for column in reversed(usable) if _seems_classes(column)]
    if classes:
        why = f"it has {classes[0].distinct} short values only"
        return Chosen((classes[0],), why, _rivals(classes))
    doubt = "no column is called like a label, and none has few short values"
    says = f"{doubt}: --label COLUMN says which one holds the right answers"
    return Chosen(tuple(usable[-1:]), "it is the last column", (says,))


def is_split(column: Column) -> bool:
    """Whether a column says which rows are for training and which for testing."""
    by_name = column.name.strip().lower() in SPLIT_NAMES and column.distinct <= MOST_SPLITS
    return by_name or (column.distinct > 1 and split_problem(column) == "")


def split_problem(column: Column) -> str:
    """What keeps a column of splits from being used as it is, or nothing."""
    values = {value.lower() for value in column.values}
    if not values <= {*get_args(SplitName), "auto"}:
        return f"it holds {', '.join(sorted(column.values))}, not train, validation and holdout"
    if "holdout" not in values and "auto" not in values and not column.blank:
        return "it has no holdout rows, and without them nothing can be compared"
    return ""


def why_left_out(column: Column, outputs: Sequence[Column]) -> str:
    """Why a column is no input, or nothing where it may be one."""
    if column.type in _USELESS:
        return _USELESS[column.type]
    if not column.name.strip():
        return "it has no name"
    if column.is_key:
        return "it only tells the rows apart"
    if column.distinct == 1 and column.filled == column.rows > 1:
        return f"it is {next(iter(column.values))!r} in every row"
    twin = next((output.name for output in outputs if column.repeats(output)), None)
    if twin is not None:
        return f"it says the same as {twin}, and an input must not give the answer away"
    if _label_rank(column) is not None:
        return "it is called like a label, and an input must not give the answer away"
    return ""


_USELESS = {
    "empty": "it is empty in every row",
    "object": "it holds objects: write them by hand, with type: object and fields",
    "date": "it holds dates or times",
}


def _may_be_label(column: Column) -> bool:
    named = bool(column.name.strip())
    return named and column.type not in _USELESS and not column.is_key


def _label_rank(column: Column) -> int | None:
    """The place of the column's name among the names of labels; the whole name comes first."""
    name, last = column.name.strip().lower(), column.tokens[-1] if column.tokens else ""
    if name in LABEL_NAMES:
        return LABEL_NAMES.index(name)
    return len(LABEL_NAMES) + LABEL_NAMES.index(last) if last in LABEL_NAMES else None


def _sureness(column: Column) -> tuple[bool, int]:
    # Of a label's number and its text, the text is what an LM can say.
    return column.type in ("int", "float"), _label_rank(column) or 0


def _seems_classes(column: Column) -> bool:
    if column.type == "bool":
        return column.distinct == 2
    few = column.distinct >= 2 and column.distinct * 3 <= column.filled
    return few and column.holds_classes and column.mean_length <= LONGEST_UNNAMED_CLASS


def _rivals(chosen: Sequence[Column]) -> tuple[str, ...]:
    first, *others = chosen
    names = [column.name for column in others if not column.repeats(first)]
    if not names:
        return ()
    flags = " ".join(f"--label {name}" for name in (first.name, *names))
    named = " and ".join(map(repr, names))
    return (f"{named} could be the output, too: --label {names[0]}, or all of them: {flags}",)
