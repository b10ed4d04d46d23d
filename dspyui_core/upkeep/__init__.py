"""Upkeep: what a home forgets, what it retires, what it takes, and how it is kept."""

from __future__ import annotations

from dspyui_core.upkeep.backup import Backup, PlannedBackup, back_up, plan_backup
from dspyui_core.upkeep.forgetting import Forgotten, compact_databases, forget, would_forget
from dspyui_core.upkeep.holding import Holder
from dspyui_core.upkeep.manifest import LEFT_OUT, Contents
from dspyui_core.upkeep.restore import Restored, inspect_backup, restore_home
from dspyui_core.upkeep.retention import MEGABYTE, Retired, retire
from dspyui_core.upkeep.subjects import Subject
from dspyui_core.upkeep.usage import Limits, Use, use_of

__all__ = [
    "LEFT_OUT",
    "MEGABYTE",
    "Backup",
    "Contents",
    "Forgotten",
    "Holder",
    "Limits",
    "PlannedBackup",
    "Restored",
    "Retired",
    "Subject",
    "Use",
    "back_up",
    "compact_databases",
    "forget",
    "inspect_backup",
    "plan_backup",
    "restore_home",
    "retire",
    "use_of",
    "would_forget",
]
