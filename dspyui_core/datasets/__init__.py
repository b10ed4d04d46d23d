"""Datasets: loading, checking, folding in feedback, splitting once for ever, and snapshots."""

from dspyui_core.datasets.audit import Audited
from dspyui_core.datasets.checks import Check, CheckResult
from dspyui_core.datasets.contract.parsing import Gold, parse_gold
from dspyui_core.datasets.folding import Fold, fold
from dspyui_core.datasets.gate import (
    Settled,
    check_dataset,
    fold_dataset,
    preview_dataset,
    settle,
    usable_feedback,
    usable_new_rows,
)
from dspyui_core.datasets.reading.loading import RawRow, RawTable, read_table
from dspyui_core.datasets.reading.streaming import Scan, file_hash, scan_file, stream_rows
from dspyui_core.datasets.reading.tables import Table, open_table
from dspyui_core.datasets.reports.markdown import check_report, data_report
from dspyui_core.datasets.reports.report import DatasetReport
from dspyui_core.datasets.rows import AUDIT, Row, content_hash, input_text, nfc, row_key
from dspyui_core.datasets.shape import Shape, shape_of
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.splitting.ledger import blank_texts
from dspyui_core.datasets.versions.forgetting import (
    Taken,
    Unwanted,
    find_row,
    forgotten_rows,
    rows_from,
    take_out,
)
from dspyui_core.datasets.versions.snapshots import Reader, load_split, read_manifest
from dspyui_core.datasets.versions.tracing import RowPlace, places_of

__all__ = [
    "AUDIT",
    "Assigned",
    "Audited",
    "Check",
    "CheckResult",
    "DatasetReport",
    "Fold",
    "Gold",
    "RawRow",
    "RawTable",
    "Reader",
    "Row",
    "RowPlace",
    "Scan",
    "Settled",
    "Shape",
    "Table",
    "Taken",
    "Unwanted",
    "blank_texts",
    "check_dataset",
    "check_report",
    "content_hash",
    "data_report",
    "file_hash",
    "find_row",
    "fold",
    "fold_dataset",
    "forgotten_rows",
    "input_text",
    "load_split",
    "nfc",
    "open_table",
    "parse_gold",
    "places_of",
    "preview_dataset",
    "read_manifest",
    "read_table",
    "row_key",
    "rows_from",
    "scan_file",
    "settle",
    "shape_of",
    "stream_rows",
    "take_out",
    "usable_feedback",
    "usable_new_rows",
]
