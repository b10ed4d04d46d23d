"""The tests of turns and their steps again, on PostgreSQL."""

from __future__ import annotations

import pytest

from dspyui_core.store.clock import Now
from integration.store.conftest import Ticking
from integration.store.test_turns import *  # noqa: F403

# It opens a file.
del test_a_turn_resumes_in_another_process_with_the_steps_it_finished  # noqa: F821


@pytest.fixture
def clock() -> Now:
    return Ticking()
