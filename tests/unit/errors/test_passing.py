"""Which failures of a step are tried again."""

from __future__ import annotations

import socket
import sqlite3
from email.message import Message
from urllib.error import HTTPError, URLError

import psycopg
import pytest

from dspyui_core.errors import (
    DatasetError,
    LMError,
    ModelNotFoundError,
    ProgramError,
    SpecError,
    StoreError,
)
from dspyui_core.turn import may_pass


def _from(error: Exception, cause: Exception) -> Exception:
    """The error as it is when it was raised from another."""
    try:
        raise error from cause
    except Exception as raised:  # noqa: BLE001 - the test wants it as it was raised
        return raised


def _while(error: Exception, cause: Exception) -> Exception:
    """The error as it is when it was raised while another was handled."""
    try:
        try:
            raise cause
        except Exception:  # noqa: BLE001 - the test wants the next one in its context
            raise error  # noqa: B904
    except Exception as raised:  # noqa: BLE001 - the test wants it as it was raised
        return raised


AWAY = [
    ConnectionRefusedError(),
    ConnectionResetError(),
    TimeoutError(),
    socket.gaierror("no such host for now"),
    URLError(ConnectionRefusedError()),
    sqlite3.OperationalError("database is locked"),
    psycopg.OperationalError("server closed the connection unexpectedly"),
    psycopg.errors.AdminShutdown(),
    psycopg.errors.CannotConnectNow(),
]
HERE = [
    FileNotFoundError(),
    PermissionError(),
    ValueError(),
    HTTPError("http://mlflow", 404, "Not Found", Message(), None),
    sqlite3.OperationalError("no such table: turn"),
    psycopg.errors.UndefinedTable(),
    psycopg.errors.InsufficientPrivilege(),
]


@pytest.mark.parametrize("cause", AWAY)
def test_what_a_server_caused_that_is_away_may_pass(cause: Exception) -> None:
    assert may_pass(cause)
    assert may_pass(_from(StoreError("MLflow cannot be opened"), cause))
    assert may_pass(_while(RuntimeError("API request failed"), cause))


@pytest.mark.parametrize("cause", HERE)
def test_what_is_wrong_here_stays_wrong(cause: Exception) -> None:
    assert not may_pass(cause)
    assert not may_pass(_from(StoreError("it cannot be read"), cause))


def test_an_lm_that_did_not_answer_may_pass() -> None:
    assert may_pass(LMError("it is overloaded"))


@pytest.mark.parametrize(
    "error",
    [SpecError("wrong"), DatasetError("wrong"), ModelNotFoundError("desk"), ProgramError("old")],
)
def test_what_a_person_has_to_mend_does_not(error: Exception) -> None:
    assert not may_pass(error)


def test_bad_input_stays_wrong_whatever_was_asked_for_it() -> None:
    assert not may_pass(_from(DatasetError("the file cannot be read"), TimeoutError()))


def test_a_value_that_is_no_error_is_none_that_passes() -> None:
    assert not may_pass(None)
