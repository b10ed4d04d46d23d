"""How chunks are worked on: one at a time by default, and nothing that would be ignored."""

from __future__ import annotations

import pytest

from dspyui_core.errors import InputError
from dspyui_core.settings import Settings


def test_by_default_nothing_is_cut_into_chunks() -> None:
    fan_out = Settings().fan_out

    assert (fan_out.workers, fan_out.runner, fan_out.dask_address) == (1, "threads", None)


def test_the_runner_its_workers_and_its_scheduler_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DSPYUI_FAN_OUT__RUNNER", "dask")
    monkeypatch.setenv("DSPYUI_FAN_OUT__WORKERS", "4")
    monkeypatch.setenv("DSPYUI_FAN_OUT__DASK_ADDRESS", "tcp://scheduler:8786")

    fan_out = Settings.read().fan_out

    assert fan_out.workers == 4
    assert (fan_out.runner, fan_out.dask_address) == ("dask", "tcp://scheduler:8786")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WORKERS", "0", "DSPYUI_FAN_OUT__WORKERS: input should be greater than or equal to 1"),
        ("RUNNER", "ray", "DSPYUI_FAN_OUT__RUNNER: input should be 'threads' or 'dask'"),
        ("DASK_ADDRESS", "tcp://one:1", "DSPYUI_FAN_OUT: dask_address is given, and the runner"),
    ],
)
def test_a_setting_that_nobody_would_follow_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"DSPYUI_FAN_OUT__{name}", value)

    with pytest.raises(InputError, match=told):
        Settings.read()
