"""The journal's own tests again, on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from dspyui_core.store.journal import Journal, NewPrediction
from integration.store.test_journal import *  # noqa: F403

# Its writers share a file; test_killed.py has their like.
del test_killed_writers_in_a_home_they_made_together_lose_no_acknowledged_entry  # noqa: F821


@pytest.fixture
def long_journal(engine: Engine) -> Journal:
    journal = Journal(engine)
    journal.append([NewPrediction("p", f"t{n}", {}) for n in range(1201)])
    return journal
