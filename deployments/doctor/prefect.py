"""Prefect: which server a command would talk to, and whether it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deployments.doctor.finding import Finding
from deployments.prefect_server import API_URL, health_problem, live_server

SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """The server of PREFECT_API_URL (`address`, None where it is unset), else the home's."""

    address: str | None
    home: Path
    name: str = "prefect"

    def run(self) -> Finding:
        """Ask it for its health."""
        if self.address is None:
            return self._homes()
        if not self.address.strip():
            remedy = f"unset {API_URL}: our commands ignore it, Prefect's own do not"
            return Finding(self.name, "warn", f"{API_URL} is set, but empty", remedy)
        problem = health_problem(self.address, timeout=SECONDS)
        if problem is None:
            return Finding(self.name, "ok", f"{self.address} answers")
        found = f"{self.address} ({API_URL}) does not answer: {problem}"
        remedy = f"start it, correct the address (it ends with /api), or unset {API_URL}"
        return Finding(self.name, "fail", found, remedy)

    def _homes(self) -> Finding:
        running = live_server(self.home / "prefect" / "server.json")
        if running is not None:
            return Finding(self.name, "ok", f"the home's server at {running} answers")
        return Finding(self.name, "ok", "no server runs: each command starts its own and stops it")
