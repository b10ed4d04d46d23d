"""The tests of retiring again, on PostgreSQL."""

from integration.store.test_retiring import *  # noqa: F403
