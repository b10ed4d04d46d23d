"""The part of a program spec on data: sources, splits, and when a dataset is good enough."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import Field as Slot
from pydantic import model_validator

from dspyui_core.spec.base import Choice, Section
from dspyui_core.spec.checking import CheckSections
from dspyui_core.spec.limits import RowLimits

# They always run, in this order; each is an entry of the catalog of checks.
GateCheck = Literal[
    "contract",
    "exact_duplicates",
    "near_duplicates",
    "label_conflicts",
    "leakage",
    "class_balance",
    "label_noise",
    "drift",
    "personal_data",
    "injected_instructions",
    "copied_input",
    "language_change",
    "rater_trust",
    "burst",
]
GATE_CHECKS: tuple[str, ...] = get_args(GateCheck)


class Source(Section):
    """One data file; a relative path starts at the spec's folder."""

    path: Path = Slot(description="A CSV, JSON, JSONL or Parquet file.")
    split: Literal["auto", "train", "validation", "holdout"] = Slot(
        "auto", description="The split of its rows; auto shares them out."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_plain_path(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value


class Shares(Section):
    """How `auto` rows are shared out; the three add up to 1."""

    train: float = Slot(0.5, ge=0, le=1, description="What optimizers learn from.")
    validation: float = Slot(0.2, ge=0, le=1, description="What optimizers select on.")
    holdout: float = Slot(0.3, ge=0, le=1, description="What only comparisons read.")

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        total = self.train + self.validation + self.holdout
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, validation and holdout add up to {total:g}, not 1")
        return self


class SplitMinimums(Section):
    """How many rows a split needs."""

    minimum_train: int = Slot(10, ge=1, description="Fewest train rows; fewer block.")
    minimum_validation: int = Slot(5, ge=1, description="Fewest validation rows; fewer block.")
    minimum_holdout: int = Slot(20, ge=1, description="Fewest holdout rows; fewer block.")


class ClassMinimum(Section):
    """How many train rows each label value needs."""

    minimum_per_class: int = Slot(2, ge=1, description="Fewest train rows of a label; fewer warn.")


class CheckSpec(CheckSections, RowLimits, ClassMinimum, SplitMinimums):
    """From when a dataset is good enough; `extra` checks come after the gate's own."""

    near_duplicate_similarity: float = Slot(
        0.7, gt=0, le=1, description="From here on, two inputs share one split."
    )
    extra: tuple[Choice, ...] = Slot((), description="Further checks of the catalog, by name.")


class DatasetSpec(Section):
    """Where the gold rows come from, and which of them count."""

    sources: tuple[Source, ...] = Slot(min_length=1, description="Data files: a path, or several.")
    columns: Mapping[str, str] = Slot(
        default_factory=dict, description="Field name to column name, where they differ."
    )
    where: Mapping[str, tuple[str, ...]] = Slot(
        default_factory=dict,
        description="Column to the values whose rows count; others are left out.",
    )
    split_column: str | None = Slot(None, description="Column naming each row's split.")
    slices: tuple[str, ...] = Slot(
        (), description="Metadata columns by whose values scores are told apart, too."
    )
    shares: Shares = Slot(Shares(), description="How auto rows are shared out.")
    checks: CheckSpec = Slot(CheckSpec(), description="From when a dataset is good enough.")

    @model_validator(mode="before")
    @classmethod
    def _lists_of_one(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return {"sources": [value]} if isinstance(value, str) else value
        slices = value.get("slices") or ()
        where = value.get("where") or {}
        if isinstance(where, Mapping):
            where = {key: [v] if isinstance(v, str) else v for key, v in where.items()}
        sources = value.get("sources")
        listed = [sources] if isinstance(sources, str | Mapping) else sources
        columns = [slices] if isinstance(slices, str) else slices
        return {**value, "where": where, "sources": listed, "slices": columns}
