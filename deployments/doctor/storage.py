"""Storage: the object store that the settings name, asked whether it can be used."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.doctor.finding import Finding
from dspyui_core.errors import StoreError
from dspyui_core.storage import require_bucket


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The folder in an object store that dataset versions and MLflow's artifacts go to."""

    address: str
    name: str = "object store"

    def run(self) -> Finding:
        """List its bucket, with the credentials of this environment; nothing is written."""
        try:
            require_bucket(self.address)
        except StoreError as error:
            return Finding(self.name, "fail", error.message, error.hint)
        return Finding(self.name, "ok", f"{self.address} answers")
