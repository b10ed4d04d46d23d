"""The tests of the inbox again, on PostgreSQL."""

from integration.review.test_inbox import *  # noqa: F403
