"""The tests of erasing again, on PostgreSQL."""

from integration.store.test_erasing import *  # noqa: F403

# A server makes its own room; these are about the bytes of a file.
del test_a_compacted_database_has_no_byte_of_it  # noqa: F821
del test_a_reader_that_stays_keeps_the_log_and_it_is_said  # noqa: F821
del test_who_writes_meanwhile_waits_and_loses_nothing  # noqa: F821
