"""Fan-out: chunks of a task's work on a task runner, which the settings choose at run time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from prefect import Task
from prefect.futures import as_completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from dspyui_core.errors import InputError, ServerError
from dspyui_core.settings import FanOutSettings
from dspyui_core.turn import counted
from tasks._workspace import workspace

R = TypeVar("R")
# Within it a scheduler that runs answers; Dask's own default is half a minute.
_ANSWERS_WITHIN = "10s"


def over(
    task: Task[Any, R], on_progress: Callable[[str], None]
) -> Callable[[Sequence[Any]], list[R]] | None:
    """How chunks are given to a task whose one parameter is `chunk`; None where none are made.

    The runner is started when there are chunks, and stopped after the last one.
    """
    settings = workspace().settings.fan_out
    if settings.workers == 1:
        return None

    def spread(chunks: Sequence[Any]) -> list[R]:
        def tell(done: int) -> None:
            on_progress(counted(f"{task.name} on {settings.runner}", done, len(chunks), "chunks"))

        tell(0)
        with task_runner(settings) as runner:
            futures = runner.map(task, {"chunk": list(chunks)})
            for done, _ in enumerate(as_completed(list(futures)), 1):
                tell(done)
            return list(futures.result())

    return spread


def task_runner(settings: FanOutSettings) -> TaskRunner[Any]:
    """The task runner of the settings.

    Raises InputError where the extra is missing, ServerError where no scheduler answers.
    """
    if settings.runner == "threads":
        return ThreadPoolTaskRunner(max_workers=settings.workers)
    dask = _dask_runner()
    if settings.dask_address is None:
        return dask(cluster_kwargs=_processes(settings.workers))
    _demand_scheduler(settings.dask_address)
    return dask(address=settings.dask_address)


def _processes(workers: int) -> dict[str, Any]:
    # A chunk has threads of its own. All ports are free ones of loopback: without an address the
    # scheduler would tell of itself on every interface. Dask warns of each worker that takes more
    # than seconds to leave, and ends it, too.
    return {
        "n_workers": workers,
        "threads_per_worker": 1,
        "processes": True,
        "host": "127.0.0.1",
        "dashboard_address": "127.0.0.1:0",
        "silence_logs": logging.ERROR,
    }


def _dask_runner() -> Callable[..., TaskRunner[Any]]:
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise InputError(
            f"DSPYUI_FAN_OUT__RUNNER is dask, and Dask is not installed ({error})",
            hint="pip install 'dspyui[dask]'",
        ) from None
    return DaskTaskRunner


def _demand_scheduler(address: str) -> None:
    from distributed import Client

    try:
        Client(address, timeout=_ANSWERS_WITHIN, set_as_default=False).close()
    except (OSError, ValueError) as error:
        raise ServerError(
            f"no Dask scheduler answers at {address}: {error}",
            hint="start one with: dask scheduler; or correct DSPYUI_FAN_OUT__DASK_ADDRESS",
        ) from None
