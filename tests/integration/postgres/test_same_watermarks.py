"""The tests of watermarks again, on PostgreSQL."""

from integration.store.test_watermarks import *  # noqa: F403
