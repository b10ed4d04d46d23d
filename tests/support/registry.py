"""A registry in memory that answers like MlflowClient, and can be interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.entities.paged_list import PagedList


class Crash(BaseException):
    """The process dies: nothing may catch this."""


@dataclass
class Registry:
    """One model `p` with versions 1 to `newest`, but for the `deleted` ones, and its aliases.

    `before_reading` and `before_moving` are called once each, before the next such call.
    """

    newest: int = 3
    aliases: dict[str, str] = field(default_factory=dict)
    before_reading: Callable[[], object] | None = None
    before_moving: Callable[[], object] | None = None
    deleted: set[int] = field(default_factory=set)

    def delete(self, version: int) -> None:
        """What MLflow does with a version and its aliases."""
        self.deleted.add(version)
        self.aliases = {alias: at for alias, at in self.aliases.items() if int(at) != version}

    @property
    def champion(self) -> int | None:
        found = self.aliases.get("champion")
        return None if found is None else int(found)

    @property
    def challenger(self) -> int | None:
        found = self.aliases.get("challenger")
        return None if found is None else int(found)

    def get_registered_model(self, name: str) -> Any:
        self._interrupt("before_reading")
        if name != "p":
            raise MlflowException(f"no model {name}", error_code=RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(name=name, aliases=dict(self.aliases))

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self._interrupt("before_moving")
        self.get_model_version(name, version)
        self.aliases[alias] = version

    def get_model_version(self, name: str, version: str) -> Any:
        if int(version) not in self._numbers():
            raise MlflowException("no version", error_code=RESOURCE_DOES_NOT_EXIST)
        return self._version(int(version))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._interrupt("before_moving")
        del self.aliases[alias]

    def search_model_versions(self, filter_string: str, **options: Any) -> PagedList:
        return PagedList(list(map(self._version, self._numbers())), token=None)

    def _numbers(self) -> list[int]:
        return [n for n in range(1, self.newest + 1) if n not in self.deleted]

    def _version(self, number: int) -> Any:
        made = 1_000 * number
        return SimpleNamespace(
            name="p", version=str(number), run_id="r", creation_timestamp=made, tags={}
        )

    def _interrupt(self, name: str) -> None:
        interruption = getattr(self, name)
        if interruption is not None:
            setattr(self, name, None)
            interruption()
