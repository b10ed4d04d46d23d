"""The tests of the decision ledger again, on PostgreSQL."""

from integration.promotion.test_ledger import *  # noqa: F403
