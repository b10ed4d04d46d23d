"""Owns what happens when a work pool is there by the time it is to be made."""

from __future__ import annotations

from typing import Any, NoReturn, cast

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from deployments.provisioning.deployments import settle_pool
from deployments.provisioning.desk import Desk

REQUEST = httpx.Request("POST", "http://127.0.0.1/api/work_pools/")


def _error(status: int) -> httpx.HTTPStatusError:
    return httpx.HTTPStatusError("no", request=REQUEST, response=httpx.Response(status))


class Late:
    """A server on which somebody makes the pool between the question and the deed."""

    def read_work_pool(self, name: str) -> NoReturn:
        raise ObjectNotFound(_error(404))

    def create_work_pool(self, pool: Any) -> NoReturn:
        raise ObjectAlreadyExists(_error(409))


def test_a_pool_that_somebody_else_has_just_made_is_as_good_as_made() -> None:
    desk = Desk(cast("SyncPrefectClient", Late()))

    settle_pool(desk, "dspyui")

    assert desk.told() == {"created": ("work pool dspyui",)}
