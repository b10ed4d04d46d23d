"""What the doctor says of a state database on PostgreSQL."""

from __future__ import annotations

from deployments.doctor.databases import StateDatabase
from dspyui_core.store.schema import HEAD
from support.processes import free_port


def test_a_current_database_is_all_right(address: str) -> None:
    finding = StateDatabase(address).run()
    assert (finding.status, finding.found) == ("ok", f"{address}, schema {HEAD}")


def test_a_database_without_tables_is_filled_by_the_next_command(fresh: str) -> None:
    finding = StateDatabase(fresh).run()
    assert (finding.status, finding.found) == ("warn", f"{fresh} is empty")


def test_a_server_that_is_not_there_fails_the_check() -> None:
    address = f"postgresql://ana:open-sesame@127.0.0.1:{free_port()}/state"
    finding = StateDatabase(address).run()
    assert finding.status == "fail"
    assert "refused" in finding.found
    assert "open-sesame" not in finding.found
