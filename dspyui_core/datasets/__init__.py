"""Datasets: loading, checking, folding in feedback, splitting once for ever, and snapshots."""

from dspyui_core.datasets.checks import Check, CheckResult
from dspyui_core.datasets.contract import Gold, parse_gold
from dspyui_core.datasets.folding import Fold, fold
from dspyui_core.datasets.gate import (
    Settled,
    check_dataset,
    fold_dataset,
    preview_dataset,
    settle,
    usable_new_rows,
)
from dspyui_core.datasets.loading import RawTable, read_table
from dspyui_core.datasets.report import DatasetReport
from dspyui_core.datasets.rows import Row, content_hash, input_text, row_key
from dspyui_core.datasets.snapshots import Reader, load_split, read_manifest
from dspyui_core.datasets.splits import Assigned

__all__ = [
    "Assigned",
    "Check",
    "CheckResult",
    "DatasetReport",
    "Fold",
    "Gold",
    "RawTable",
    "Reader",
    "Row",
    "Settled",
    "check_dataset",
    "content_hash",
    "fold",
    "fold_dataset",
    "input_text",
    "load_split",
    "parse_gold",
    "preview_dataset",
    "read_manifest",
    "read_table",
    "row_key",
    "settle",
    "usable_new_rows",
]
