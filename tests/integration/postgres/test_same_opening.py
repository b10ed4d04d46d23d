"""The tests of opening a turn, with its fold and its splits, again, on PostgreSQL."""

from integration.turn.test_opening import *  # noqa: F403
