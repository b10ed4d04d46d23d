"""The doctor: everything a turn needs, looked at without changing anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from deployments.doctor.databases import Mlflow, Pickle, StateDatabase
from deployments.doctor.environment import Variables
from deployments.doctor.finding import Check, Finding
from deployments.doctor.home import Home
from deployments.doctor.names import ImportNames
from deployments.doctor.prefect import PrefectServer
from deployments.doctor.program import Lm, OwnCode, SpecFile
from deployments.doctor.storage import ObjectStore
from deployments.doctor.versions import Packages, PythonVersion
from deployments.prefect_server import API_URL
from dspyui_core.errors import InputError
from dspyui_core.settings import Settings
from dspyui_core.spec import LmSpec, read_spec

__all__ = ["Finding", "examine"]


def examine(program: Path | None, *, ask_lm: bool) -> Iterator[Finding]:
    """Every finding, as soon as it is there; the LM is the program's, else the embedded one."""
    for check in _checks(program, ask_lm=ask_lm):
        yield check.run()


def _checks(program: Path | None, *, ask_lm: bool) -> Iterator[Check]:
    yield PythonVersion()
    yield Packages()
    yield Variables(os.environ)
    try:
        settings = Settings.read()
    except InputError:
        # What follows depends on the settings, and their check has told what is wrong.
        return
    home = settings.home.resolve()
    yield ImportNames([settings.workspace.resolve(), Path.cwd()])
    yield Home(home)
    yield StateDatabase(settings.store_url())
    yield Mlflow(settings.tracking_uri())
    if settings.storage.artifacts is not None:
        yield ObjectStore(settings.storage.artifacts)
    yield Pickle(os.environ.get("MLFLOW_ALLOW_PICKLE_DESERIALIZATION"))
    yield PrefectServer(os.environ.get(API_URL), home)
    yield from _program_checks(program, settings, ask_lm=ask_lm)


def _program_checks(program: Path | None, settings: Settings, *, ask_lm: bool) -> Iterator[Check]:
    lms: tuple[LmSpec, ...] = (LmSpec(),)
    if program is not None:
        yield SpecFile(program, settings.workspace)
        try:
            spec = read_spec(program)
        except InputError:
            return
        yield OwnCode(spec, settings.tracking_uri(), settings.workspace)
        lms = spec.lms
    if ask_lm:
        yield from (Lm(lm, name) for lm, name in zip(lms, ("lm", "judge"), strict=False))
