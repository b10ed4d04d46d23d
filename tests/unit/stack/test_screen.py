"""A stack on a screen: every service with its address, and what is wrong where something is."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from deployments.stack.screen import as_text, changes, live
from deployments.stack.state import Stack


def _with(stack: Stack, name: str, **changes: object) -> Stack:
    services = [
        service.model_copy(update=changes) if service.name == name else service
        for service in stack.services
    ]
    return stack.model_copy(update={"services": tuple(services)})


def test_every_service_is_shown_with_its_address(stack: Stack) -> None:
    title, prefect, worker = as_text(stack).splitlines()

    assert title.startswith("stack: starting, process ")
    assert prefect == "  Prefect: up  http://127.0.0.1:4200  runs, schedules, approvals"
    assert worker == "  worker: starting  takes the flow runs"


def test_a_start_in_the_future_of_a_clock_that_jumped_back_is_shown_as_it_is(stack: Stack) -> None:
    assert as_text(stack).splitlines()[0].endswith(f"since {stack.since.astimezone():%F %H:%M}")


def test_a_service_that_died_says_why_and_how_often(stack: Stack) -> None:
    died = _with(stack, "worker", status="restarting", restarts=2, note="ended with code 1:\n gone")

    assert "worker: restarting  started again 2 times; ended with code 1: gone" in as_text(died)


def test_a_problem_of_the_whole_stack_is_in_its_title(stack: Stack) -> None:
    failed = stack.model_copy(update={"status": "failed", "problem": "port 4200", "note": "full"})

    assert as_text(failed).splitlines()[0] == "stack: did not start; port 4200; full"


def test_a_line_is_said_for_what_changed_and_for_nothing_else(stack: Stack) -> None:
    said: list[str] = []
    told = changes(said.append)
    told(_with(stack, "worker", status="waiting"))
    before = len(said)
    told(_with(stack, "worker", status="waiting"))
    told(_with(stack, "worker", status="up"))

    assert before == 2
    assert said[before:] == ["worker: up  takes the flow runs"]


def test_the_screen_follows_the_stack_and_says_how_to_end_it(stack: Stack) -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100)

    with live(console, Path("/a/home")) as told:
        told(stack)
        told(_with(stack, "worker", status="up"))

    text = written.getvalue()
    assert "http://127.0.0.1:4200" in text
    assert "logs: /a/home/logs" in text
    assert "Ctrl-C ends all of it" in text
