"""A supervisor of real processes: started in order, kept running, ended with nothing left."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from deployments.stack.control import end_stack, start_detached
from deployments.stack.probes import PrefectAnswers
from deployments.stack.processes import marked
from deployments.stack.running import Running
from deployments.stack.services import Service, bound, free_port
from deployments.stack.state import Stack, look, state_file
from deployments.stack.supervisor import Supervisor
from dspyui_core.errors import BusyError, FlywheelError, ServerError, StoreError
from support.processes import is_alive, wait_until
from support.stacks import MARK, answer, environment, fake_service, supervised, until_up


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _started(home: Path, *services: Service, mark: str = MARK) -> list[Stack]:
    """Run a stack in this process until all of it is up; returns what it told."""
    told: list[Stack] = []
    home.mkdir(exist_ok=True)
    end = Event()

    def hear(stack: Stack) -> None:
        told.append(stack)
        if stack.status == "up":
            end.set()

    Supervisor(home, services, environment(), told=hear, mark=mark).run(end)
    return told


@contextmanager
def _kept(home: Path, *services: Service) -> Iterator[list[Stack]]:
    """A stack in a thread of this process, up for the block."""
    home.mkdir(exist_ok=True)
    stop, told = Event(), list[Stack]()
    supervisor = Supervisor(home, services, environment(), told=told.append, mark=MARK)
    thread = Thread(target=supervisor.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: told and told[-1].status == "up", 30)
        yield told
    finally:
        stop.set()
        thread.join(30)


def _is_back(stack: Stack) -> bool:
    return stack.services[0].restarts > 0 and stack.services[0].status == "up"


def _pid(stack: Stack, name: str) -> int:
    service = stack.service(name)
    assert service is not None
    assert service.pid is not None
    return service.pid


def test_services_start_in_order_and_end_in_reverse(home: Path) -> None:
    first = fake_service("first", "serve", home)
    once = fake_service("once", "once", home, after=("first",))
    last = fake_service("last", "serve", home, after=("once",))

    told = _started(home, first, once, last)

    seen = ["/".join(service.status for service in stack.services) for stack in told]
    up = seen.index("up/done/up")
    assert seen.index("up/starting/waiting") < seen.index("up/done/starting") < up
    assert seen[-3:] == ["up/done/ended", "up/ended/ended", "ended/ended/ended"]
    assert marked(MARK) == []
    assert not state_file(home).exists()


def test_a_service_that_is_killed_comes_back_at_its_address(home: Path) -> None:
    with _kept(home, fake_service("a", "serve", home), fake_service("b", "serve", home)) as told:
        before = told[-1]
        os.kill(_pid(before, "a"), signal.SIGKILL)
        wait_until(
            lambda: told[-1].services[0].restarts and told[-1].services[0].status == "up", 30
        )
        after = told[-1]

        assert answer(after.services[0].address) == str(_pid(after, "a"))
        assert after.services[0].address == before.services[0].address
        assert _pid(after, "b") == _pid(before, "b")
        assert any("ended with code -9" in stack.services[0].note for stack in told)


def test_a_killed_supervisor_leaves_no_process_and_no_way_to_start_again_blocked(
    home: Path,
) -> None:
    with supervised(home, "serve", "fork") as process:
        until_up(home)
        forked = int((home / "forked").read_text())
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not marked(MARK), 30)
    found = look(home)
    assert found is not None
    assert found.status == "died"
    assert not is_alive(forked)

    assert [stack.status for stack in _started(home, fake_service("a", "serve", home))][-2] == "up"


@pytest.mark.parametrize("by", ["up", "down"])
def test_what_a_killed_stack_left_is_ended_by_the_next_command(home: Path, by: str) -> None:
    """As where a service could not notice: it was stopped, and then its supervisor killed."""
    with supervised(home, "fork") as process:
        stack = until_up(home)
        os.kill(_pid(stack, "fake0"), signal.SIGSTOP)
        process.kill()
        # What is killed still has its locks for a moment.
        process.wait(10)
        assert len(marked(MARK)) == 2

        if by == "up":
            _started(home, fake_service("a", "once", home), mark="another")
        else:
            ended = end_stack(home)
            assert (ended.was, len(ended.left_behind)) == ("died", 2)

    wait_until(lambda: not marked(MARK), 30)
    assert end_stack(home).was == "nothing"


def test_ctrl_c_ends_everything_with_what_it_started(home: Path) -> None:
    with supervised(home, "serve", "fork") as process:
        until_up(home)
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 0
    assert (home / "forked.ended").read_text() == "goodbye"
    assert marked(MARK) == []
    assert not state_file(home).exists()


def test_a_second_stack_of_one_home_is_refused_and_told_who_has_it(home: Path) -> None:
    with _kept(home, fake_service("a", "serve", home)) as told:
        address = str(told[-1].services[0].address)

        with pytest.raises(BusyError) as refused:
            _started(home, fake_service("b", "serve", home))
        with pytest.raises(BusyError):
            start_detached(home)

        assert f"process {os.getpid()}: a {address}" in refused.value.message
        assert "dspyui down" in refused.value.hint
        assert answer(address)


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("fail", "bad ended with code 7: I cannot find my shoes"),
        ("silent", "bad was not ready within 2 s: it said nothing"),
    ],
)
def test_a_service_that_does_not_start_is_named_with_its_words_and_all_is_ended(
    home: Path, deed: str, words: str
) -> None:
    with pytest.raises(ServerError) as failed:
        _started(home, fake_service("good", "serve", home), fake_service("bad", deed, home))

    assert failed.value.message == words
    assert str(home / "logs" / "bad.log") in failed.value.hint
    assert marked(MARK) == []
    found = look(home)
    assert found is not None
    assert (found.status, found.problem) == ("failed", words)


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port(port) not in (0, port)
        with pytest.raises(ServerError, match=f"port {port} of 127.0.0.1 cannot be had"):
            bound(port)


def test_two_stacks_never_take_the_same_port(home: Path, tmp_path: Path) -> None:
    first = fake_service("a", "serve", home)
    late = fake_service("b", "serve", home, after=("a",))
    other = fake_service("c", "serve", home, port=late.port, address=late.address)

    refused: list[str] = []
    stop = Event()

    def hear(stack: Stack) -> None:
        # Somebody else starts while the first service does, long before the port is used.
        if stack.services[0].status == "starting" and not refused:
            refused.append("another")
            with pytest.raises(ServerError, match=f"port {late.port} of 127.0.0.1 cannot be had"):
                _started(tmp_path / "another", other, mark=f"{MARK}other")
        if stack.status == "up":
            stop.set()

    home.mkdir()
    Supervisor(home, [first, late], environment(), told=hear, mark=MARK).run(stop)

    assert refused == ["another"]
    assert not (tmp_path / "another" / "logs" / "c.log").exists()


def test_a_port_that_is_taken_while_its_service_is_away_is_waited_for(home: Path) -> None:
    service = fake_service("a", "serve", home)
    with _kept(home, service) as told, socket.socket() as thief:
        os.kill(_pid(told[-1], "a"), signal.SIGKILL)
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_until(lambda: not _bind(thief, int(service.port or 0)), 5, interval=0.01)
        wait_until(lambda: "cannot be had" in told[-1].services[0].note, 30)
        thief.close()

        wait_until(lambda: told[-1].services[0].status == "up", 60)


def _bind(thief: socket.socket, port: int) -> str:
    try:
        thief.bind(("127.0.0.1", port))
    except OSError as error:
        return str(error)
    thief.listen()
    return ""


@pytest.mark.parametrize("trouble", ["no folder", "disk full"])
def test_a_log_that_cannot_be_written_stops_the_start(home: Path, trouble: str) -> None:
    home.mkdir()
    if trouble == "no folder":
        (home / "logs").write_text("in the way")
    else:
        (home / "logs").mkdir()
        (home / "logs" / "a.log").symlink_to("/dev/full")

    with pytest.raises(StoreError) as failed:
        _started(home, fake_service("a", "serve", home))

    reason = "File exists" if trouble == "no folder" else "No space left on device"
    assert failed.value.message == f"the log {home / 'logs' / 'a.log'} cannot be written: {reason}"
    assert marked(MARK) == []


def test_a_disk_that_fills_up_ends_nothing_that_runs(home: Path) -> None:
    with _kept(home, fake_service("a", "serve", home)) as told:
        state_file(home).unlink()
        state_file(home).mkdir()
        os.kill(_pid(told[-1], "a"), signal.SIGKILL)
        wait_until(lambda: told[-1].services[0].status == "up" and told[-1].note, 30)

        assert "stack.json cannot be written" in told[-1].note
        assert answer(told[-1].services[0].address)
        state_file(home).rmdir()


def test_a_server_elsewhere_that_is_away_stops_the_start(home: Path) -> None:
    away = f"http://127.0.0.1:{free_port(0)}/api"
    elsewhere = Service("Prefect", "runs", probe=PrefectAnswers(away), address=away, elsewhere=True)

    with pytest.raises(ServerError, match=r"which a setting names, does not answer: .*refused"):
        _started(home, elsewhere, fake_service("a", "serve", home))

    assert marked(MARK) == []


def test_a_long_log_is_put_aside_and_the_next_one_is_its_own(home: Path) -> None:
    running_one = Running(fake_service("a", "fail", home), mark=MARK, logs=home / "logs")
    running_one.log.parent.mkdir(parents=True)
    running_one.log.write_bytes(b"old\n" * 300_000)
    running_one.start(environment())

    def failed() -> Any:
        try:
            running_one.look()
        except FlywheelError as error:
            return error.message
        return None

    assert wait_until(failed, 20) == "a ended with code 7: I cannot find my shoes"
    assert running_one.log.with_suffix(".log.1").stat().st_size == 1_200_000
    assert b"old" not in running_one.log.read_bytes()
