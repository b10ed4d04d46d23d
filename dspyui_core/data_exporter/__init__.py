"""Export: the answers that users rated or corrected, as rows to train on elsewhere."""

from __future__ import annotations

from dspyui_core.data_exporter.exporter import DataExporter, Export, Exported
from dspyui_core.data_exporter.wanted import Wanted, moment
from dspyui_core.data_exporter.writing import FORMATS, Format

__all__ = [
    "FORMATS",
    "DataExporter",
    "Export",
    "Exported",
    "Format",
    "Wanted",
    "moment",
]
