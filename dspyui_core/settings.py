"""Settings and their sections, read once at an entry point from DSPYUI_* environment variables."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from dspyui_core.errors import InputError, Problem

_PLAIN_POSTGRES = re.compile(r"^postgres(ql)?://")


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
    ui_url: str | None = Field(
        None,
        description="Address of MLflow's user interface, for links; default: the tracking URI "
        "where it is one, else that of `mlflow ui`.",
    )


class StorageSettings(BaseModel):
    """Where files are that every host needs: dataset versions, and MLflow's artifacts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    artifacts: str | None = Field(
        None,
        description="Folder in an object store, as s3://BUCKET/PREFIX; default: folders in the "
        "home.",
    )

    @field_validator("artifacts")
    @classmethod
    def _is_remote(cls, address: str | None) -> str | None:
        if address is None:
            return None
        parts = urlsplit(address)
        if parts.scheme in ("", "file") or not parts.netloc:
            raise ValueError("is no address of an object store, like s3://bucket/prefix")
        if "@" in parts.netloc:
            raise ValueError("holds credentials; those are read from the store's own variables")
        return address.rstrip("/")


class LmSettings(BaseModel):
    """How LMs are called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threads: int = Field(8, ge=1, le=256, description="Examples evaluated at the same time.")


class FanOutSettings(BaseModel):
    """How many processes or threads share an evaluation, or a file that is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int = Field(
        1, ge=1, le=256, description="Chunks that are worked on at the same time; 1 makes none."
    )
    rows: int = Field(50, ge=1, description="Fewest rows of a chunk.")
    runner: Literal["threads", "dask"] = Field(
        "threads",
        description="Who works on them: threads of the flow's process, or Dask, an extra, whose "
        "workers are processes.",
    )
    dask_address: str | None = Field(
        None, description="A Dask scheduler to use; default: as many processes here as `workers`."
    )

    @model_validator(mode="after")
    def _is_of_dask(self) -> Self:
        if self.dask_address is not None and self.runner != "dask":
            raise ValueError("dask_address is given, and the runner is not dask")
        return self


class ServingSettings(BaseModel):
    """How loaded versions are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl: float = Field(5.0, ge=0, description="Seconds after which a moved alias is noticed.")


class NotifySettings(BaseModel):
    """Whom `dspyui deploy` lets Prefect tell what turns came to, and who serves; nobody by default.

    Both may hold a password, so both are kept as secrets in Prefect, and are never printed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook: SecretStr | None = Field(
        None, description="http(s) address that gets a JSON document of each."
    )
    email: SecretStr | None = Field(
        None,
        description="Mail address as an Apprise URL: mailtos://USER:PASSWORD@HOST?to=ADDRESS.",
    )

    @field_validator("webhook")
    @classmethod
    def _is_http(cls, address: SecretStr | None) -> SecretStr | None:
        return _with_scheme(address, "http", "https")

    @field_validator("email")
    @classmethod
    def _is_mail(cls, address: SecretStr | None) -> SecretStr | None:
        return _with_scheme(address, "mailto", "mailtos")


def _with_scheme(address: SecretStr | None, *schemes: str) -> SecretStr | None:
    if address is not None and urlsplit(address.get_secret_value()).scheme not in schemes:
        raise ValueError(f"does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return address


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
    storage: StorageSettings = StorageSettings()
    lm: LmSettings = LmSettings()
    fan_out: FanOutSettings = FanOutSettings()
    serving: ServingSettings = ServingSettings()
    notify: NotifySettings = NotifySettings()

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
        if self.mlflow.tracking_uri is None:
            return f"sqlite:///{self.home.resolve() / 'mlflow' / 'mlflow.db'}"
        # MLflow would take a driver that no extra installs.
        return _PLAIN_POSTGRES.sub("postgresql+psycopg://", self.mlflow.tracking_uri)

    def mlflow_ui(self) -> str:
        """What links to MLflow's user interface begin with, as `get_mlflow_ui_url` takes it."""
        return self.mlflow.ui_url or self.tracking_uri()

    def artifact_root(self) -> str:
        """Where new experiments put their artifacts."""
        if self.mlflow.artifacts is not None:
            return self.mlflow.artifacts
        if self.storage.artifacts is not None:
            return f"{self.storage.artifacts}/mlflow"
        return (self.home.resolve() / "mlflow" / "artifacts").as_uri()

    def dataset_address(self) -> str | None:
        """Where dataset versions are, in an object store; None where they are in the home."""
        return None if self.storage.artifacts is None else f"{self.storage.artifacts}/datasets"


def _problem(detail: Any) -> Problem:
    variable = "DSPYUI_" + "__".join(str(part) for part in detail["loc"]).upper()
    # A URL may hold a password, so no value of these is repeated.
    value = None if detail["loc"][0] in ("notify", "storage", "store") else detail["input"]
    message = str(detail["msg"]).removeprefix("Value error, ")
    return Problem(variable, message[:1].lower() + message[1:], value)
