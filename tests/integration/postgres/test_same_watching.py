"""The tests of the watch again, on PostgreSQL."""

from integration.turn.test_watching import *  # noqa: F403
