"""Checks: what the rows of a dataset show, one entry of the catalog per file."""

from __future__ import annotations

from dspyui_core.datasets.checks.protocol import Check, CheckResult
from dspyui_core.datasets.checks.running import run_checks

__all__ = ["Check", "CheckResult", "run_checks"]
