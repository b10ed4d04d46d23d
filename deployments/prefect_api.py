"""Speaking to a Prefect server over plain HTTP, from processes that do not import Prefect."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from deployments.prefect_server import API_URL

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SEND_SECONDS = 5.0
# Between attempts at a server whose database is busy.
WAITS = (0.2, 0.5)


def api_url(home: Path) -> str | None:
    """The server's address as far as it is known without asking it; None where there is none."""
    given = os.environ.get(API_URL, "").strip()
    if given:
        return given.rstrip("/")
    try:
        url = json.loads((home / "prefect" / "server.json").read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url.rstrip("/") if isinstance(url, str) else None


def post(address: str, content: Any) -> Any:
    """Post JSON to an address of the API; the JSON of its answer, None where that is empty.

    A server that is busy just then is asked again. Raises OSError where it does not take it, and
    ValueError where its answer is no JSON.
    """
    headers = {"Content-Type": "application/json", **_credentials()}
    request = Request(address, json.dumps(content).encode(), headers)
    # Nobody's proxy leads to this machine itself.
    past = [ProxyHandler({})] if urlsplit(address).hostname in LOOPBACK else []
    opener = build_opener(*past)
    for wait in WAITS:
        try:
            return _answer(opener.open(request, timeout=SEND_SECONDS))
        except HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            time.sleep(wait)
    return _answer(opener.open(request, timeout=SEND_SECONDS))


def _answer(response: Any) -> Any:
    with response as answer:
        body = answer.read()
    return json.loads(body) if body.strip() else None


def _credentials() -> Mapping[str, str]:
    """The header by which the server of PREFECT_API_URL knows us, as Prefect's client sends it."""
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if pair := os.environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}
