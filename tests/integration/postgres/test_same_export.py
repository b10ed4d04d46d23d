"""The export's own tests again, on PostgreSQL."""

from __future__ import annotations

from unit.export.conftest import days, diary, exporter, journal  # noqa: F401
from unit.export.test_export import *  # noqa: F403
