"""The task runner that the settings choose."""

from __future__ import annotations

import sys

import pytest
from prefect.task_runners import ThreadPoolTaskRunner

from dspyui_core.errors import InputError
from dspyui_core.settings import FanOutSettings
from tasks._fan_out import task_runner


def test_threads_are_the_default_and_dask_is_not_imported_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("prefect_dask", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)

    runner = task_runner(FanOutSettings(workers=3))

    assert isinstance(runner, ThreadPoolTaskRunner)
    assert runner == ThreadPoolTaskRunner(max_workers=3)


def test_dask_that_is_missing_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask", None)

    with pytest.raises(InputError, match=r"Dask is not installed") as told:
        task_runner(FanOutSettings(workers=2, runner="dask"))

    assert told.value.hint == "pip install 'dspyui[dask]'"


def test_without_an_address_dask_has_as_many_processes_on_loopback_as_are_wanted() -> None:
    runner = task_runner(FanOutSettings(workers=3, runner="dask"))

    chosen = runner.cluster_kwargs
    assert (chosen["n_workers"], chosen["threads_per_worker"], chosen["processes"]) == (3, 1, True)
    assert (chosen["host"], chosen["dashboard_address"]) == ("127.0.0.1", "127.0.0.1:0")
