"""Owns how it is known that a service is ready: by what it answers, reports, or says in its log."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from deployments.prefect_server import health_problem

PROBE_SECONDS = 2.0
# What a server says of a worker to who has no credentials.
HIDDEN = "hidden"


class Probe(Protocol):
    """Asks one service whether it is ready."""

    def before(self) -> None:
        """Remember how things are before the service is started."""

    def problem(self, said: str) -> str | None:
        """Why it is not ready, or None; `said` is what its log has since its start."""


class Answers:
    """Ready once an address answers, if only by asking who we are."""

    def __init__(self, url: str) -> None:
        self._url = url

    def before(self) -> None:
        """Nothing: a dead server answers nothing."""

    def problem(self, said: str) -> str | None:
        """What its address answers."""
        try:
            with urlopen(self._url, timeout=PROBE_SECONDS):
                return None
        except HTTPError as error:
            # A server that asks for credentials is alive; MLflow's own client has them.
            return None if error.code in (401, 403) else f"it answers HTTP {error.code}"
        except (OSError, ValueError, HTTPException) as error:
            return str(error)


class PrefectAnswers:
    """Ready once a Prefect API answers."""

    def __init__(self, api_url: str) -> None:
        self._url = api_url

    def before(self) -> None:
        """Nothing: a dead server answers nothing."""

    def problem(self, said: str) -> str | None:
        """What its health is."""
        return health_problem(self._url, timeout=PROBE_SECONDS)


class WorkerReports:
    """Ready once Prefect has heard from a worker that it had not heard from before.

    Two reports are compared with each other, and never with a clock.
    """

    def __init__(self, api_url: str, pool: str, worker: str) -> None:
        self._api_url = api_url
        self._pool = pool
        self._worker = worker
        self._before: str | None = None

    def before(self) -> None:
        """Remember the last report of its predecessor."""
        self._before = self._last()

    def problem(self, said: str) -> str | None:
        """Whether there is a new one."""
        last = self._last()
        if last == HIDDEN or last not in (None, self._before):
            return None
        return "it has not reported yet"

    def _last(self) -> str | None:
        path = f"/work_pools/{quote(self._pool)}/workers/filter"
        try:
            found = _posted(f"{self._api_url}{path}")
        except HTTPError as error:
            # Prefect's own client has the credentials that we have not.
            return HIDDEN if error.code in (401, 403) else None
        except (OSError, ValueError, HTTPException):
            return None
        mine = (worker for worker in found if worker["name"] == self._worker)
        return next((worker["last_heartbeat_time"] for worker in mine), None)


class Says:
    """Ready once its log says so: for a service without an address."""

    def __init__(self, words: str) -> None:
        self._words = words

    def before(self) -> None:
        """Nothing: the log is read from the service's start on."""

    def problem(self, said: str) -> str | None:
        """Whether the words are there."""
        return None if self._words in said else "it has not said yet that it is ready"


def _posted(url: str) -> list[Any]:
    request = Request(url, b"{}", {"Content-Type": "application/json"})
    with urlopen(request, timeout=PROBE_SECONDS) as answer:
        found = json.load(answer)
    return found if isinstance(found, list) else []
