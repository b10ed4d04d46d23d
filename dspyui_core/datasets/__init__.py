"""Datasets: loading, checking, folding in feedback, splitting once for ever, and snapshots."""

from .checks import Check
from .contract import Gold, parse_gold
from .findings import Finding
from .folding import Fold, fold
from .gate import Settled, check_dataset, fold_dataset, settle
from .ledger import read_ledger
from .loading import RawTable, read_table
from .report import DatasetReport
from .rows import Row, content_hash, input_text, row_key
from .snapshots import Reader, load_split, read_manifest, write_snapshot
from .splits import Assigned, assign, preview

__all__ = [
    "Assigned",
    "Check",
    "DatasetReport",
    "Finding",
    "Fold",
    "Gold",
    "RawTable",
    "Reader",
    "Row",
    "Settled",
    "assign",
    "check_dataset",
    "content_hash",
    "fold",
    "fold_dataset",
    "input_text",
    "load_split",
    "parse_gold",
    "preview",
    "read_ledger",
    "read_manifest",
    "read_table",
    "row_key",
    "settle",
    "write_snapshot",
]
