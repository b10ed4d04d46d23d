"""The tests of feedback again, on PostgreSQL: what a file says, and what it comes to."""

from __future__ import annotations

from unit.feedback.conftest import journal, service  # noqa: F401
from unit.feedback.test_importing import *  # noqa: F403
from unit.feedback.test_stats import *  # noqa: F403
