"""Settings and their sections, read once at an entry point from DSPYUI_* environment variables."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from dspyui_core.errors import InputError, Problem


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


class StoreSettings(BaseModel):
    """Where the state database is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr | None = Field(
        None, description="SQLAlchemy URL; default: a SQLite file in the home."
    )


class JournalSettings(BaseModel):
    """What the journal keeps; feedback, and what it is about, stays until it is forgotten."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    span_bytes: int = Field(
        65_536,
        ge=0,
        description="Bytes of JSON that the LM calls and modules of one answer may take; 0 keeps "
        "none.",
    )
    keep_days: float | None = Field(
        None, gt=0, description="Days after which an answer that nobody rated is retired."
    )
    keep_span_days: float | None = Field(
        None, gt=0, description="Days after which an answer loses its spans."
    )
    max_mb: float | None = Field(
        None,
        gt=0,
        description="Megabytes over which the oldest spans go, then the oldest unrated answers.",
    )

    @property
    def retires(self) -> bool:
        """Whether anything ever leaves the journal by itself."""
        return (self.keep_days, self.keep_span_days, self.max_mb) != (None, None, None)


class MlflowSettings(BaseModel):
    """Where MLflow keeps the record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracking_uri: str | None = Field(
        None, description="MLflow tracking URI; default: a SQLite file in the home."
    )
    artifacts: str | None = Field(
        None, description="Artifact root of new experiments; default: a folder in the home."
    )


class LmSettings(BaseModel):
    """How LMs are called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threads: int = Field(8, ge=1, le=256, description="Examples evaluated at the same time.")


class ServingSettings(BaseModel):
    """How loaded versions are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl: float = Field(5.0, ge=0, description="Seconds after which a moved alias is noticed.")


class Settings(BaseSettings):
    """Everything that is set outside a program spec."""

    model_config = SettingsConfigDict(
        env_prefix="DSPYUI_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
    )

    home: Path = Field(Path(".dspyui"), description="Where all state lives.")
    workspace: Path = Field(Path(), description="Where python: parts are imported from.")
    project: str = Field("default", description="Tag of MLflow runs: whose work it is part of.")
    user: str = Field(
        default_factory=_login_name,
        description="Who acts: in decisions and run tags; default: your login name.",
    )
    store: StoreSettings = StoreSettings()
    journal: JournalSettings = JournalSettings()
    mlflow: MlflowSettings = MlflowSettings()
    lm: LmSettings = LmSettings()
    serving: ServingSettings = ServingSettings()

    @classmethod
    def read(cls) -> Self:
        """The settings of this process's environment. Raises InputError naming every wrong one."""
        try:
            return cls()
        except ValidationError as error:
            raise InputError(
                "a DSPYUI_ setting is wrong",
                [_problem(detail) for detail in error.errors(include_url=False)],
                hint=".env.example lists them all",
            ) from None

    def store_url(self) -> str:
        """The state database's URL."""
        if self.store.url is not None:
            return self.store.url.get_secret_value()
        return f"sqlite:///{self.home.resolve() / 'state.db'}"

    def tracking_uri(self) -> str:
        """MLflow's tracking URI."""
        return (
            self.mlflow.tracking_uri or f"sqlite:///{self.home.resolve() / 'mlflow' / 'mlflow.db'}"
        )

    def artifact_root(self) -> str:
        """Where new experiments put their artifacts."""
        return self.mlflow.artifacts or (self.home.resolve() / "mlflow" / "artifacts").as_uri()


def _problem(detail: Any) -> Problem:
    variable = "DSPYUI_" + "__".join(str(part) for part in detail["loc"]).upper()
    # A URL may hold a password, so no value of the store is repeated.
    value = None if detail["loc"][:1] == ("store",) else detail["input"]
    return Problem(variable, str(detail["msg"])[:1].lower() + str(detail["msg"])[1:], value)
