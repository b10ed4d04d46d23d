"""Owns what each service of the local stack is: its command, address, environment and readiness."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deployments.prefect_server import API_URL
from deployments.stack.probes import Answers, PrefectAnswers, Probe, Says, WorkerReports
from dspyui_core.errors import ServerError
from dspyui_core.settings import Settings

HOST = "127.0.0.1"
POOL = "dspyui"
PREFECT_PORT, MLFLOW_PORT = 4200, 5000
# The place of an inherited socket's number in a service's command.
SOCKET = "{socket}"
# How many may wait while a server starts.
BACKLOG = 128
START_SECONDS = 120.0
# Where Prefect keeps, below its home, who holds which slot, and until when.
LEASES = Path("prefect") / "concurrency_leases"
LEASE_STORAGE = "prefect.server.concurrency.lease_storage.filesystem"
# How often the worker asks for work.
QUERY_SECONDS = "2"
# A worker says goodbye to its flow runs first.
WORKER_STOP_SECONDS = 15.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Service:
    """A process that the supervisor keeps running, or `once` runs to its end.

    `command` is a module with its arguments; with a `port` the module inherits a socket that
    listens on it. `probe` is None for what is ready when it ends. `elsewhere` is a server that a
    setting names: nothing is started, and its probe has to pass at the start. `by_kernel` ends it
    the moment its supervisor ends; one that has processes of its own ends them first. `announced`
    is the file that holds its environment's API address for other commands while it is up.
    """

    name: str
    what: str
    command: tuple[str, ...] = ()
    probe: Probe | None = None
    port: int | None = None
    address: str | None = None
    after: tuple[str, ...] = ()
    folder: Path = Path()
    environment: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    elsewhere: bool = False
    by_kernel: bool = True
    announced: Path | None = None
    start_seconds: float = START_SECONDS
    stop_seconds: float = STOP_SECONDS


def services_of(settings: Settings, environment: Mapping[str, str]) -> tuple[Service, ...]:
    """The stack of a home, in the order of its start, on ports that are free now.

    A Prefect or MLflow server that the settings name is used, and none is started in its place.
    """
    home, folder = settings.home.resolve(), settings.workspace.resolve()
    prefect = _prefect(home, environment.get(API_URL, "").strip())
    mlflow = _mlflow(home, settings.tracking_uri())
    api_url = prefect.environment[API_URL]
    ours = {
        API_URL: api_url,
        "DSPYUI_HOME": str(home),
        "DSPYUI_WORKSPACE": str(folder),
        # The workspace may have folders of any name, and is never looked at first.
        "PYTHONSAFEPATH": "1",
        # Links lead where MLflow is, whichever port it got.
        "DSPYUI_MLFLOW__UI_URL": settings.mlflow.ui_url or mlflow.address or "",
    }
    # Another machine's worker may have the runs of a server elsewhere.
    revived = () if prefect.elsewhere else (_revived(folder, ours, home / LEASES),)
    deployed, worker = _deployed(folder, ours), _worker(home, folder, ours)
    needed = tuple(service.name for service in (prefect, mlflow, deployed, *revived))
    return (prefect, mlflow, deployed, *revived, replace(worker, after=needed), _mirror(ours))


def bound(port: int) -> socket.socket:
    """A socket that listens on this loopback port; 0 is any. Raises ServerError where it is taken.

    Two sockets that may use an address again are both bound to it until one of them listens.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(
            f"port {port} of {HOST} cannot be had: {error.strerror}",
            hint="another process took it; end that one, or start the stack again",
        ) from error
    return listener


def free_port(wanted: int) -> int:
    """The wanted port where it is free, else any other; it is not kept free."""
    try:
        listener = bound(wanted)
    except ServerError:
        listener = bound(0)
    with listener:
        return int(listener.getsockname()[1])


def worker_name(home: Path) -> str:
    """The name of a home's worker in Prefect: one for this machine and home."""
    return f"{socket.gethostname()}-{hashlib.sha256(str(home).encode()).hexdigest()[:6]}"


def _prefect(home: Path, given: str) -> Service:
    what = "runs, schedules, approvals"
    if given:
        ours = {API_URL: given}
        return Service(
            "Prefect",
            what,
            probe=PrefectAnswers(given),
            address=given.removesuffix("/").removesuffix("/api"),
            environment=ours,
            elsewhere=True,
        )
    port = free_port(PREFECT_PORT)
    address = f"http://{HOST}:{port}"
    return Service(
        "Prefect",
        what,
        ("deployments.stack.serve_prefect", SOCKET),
        probe=PrefectAnswers(f"{address}/api"),
        port=port,
        address=address,
        folder=home,
        environment={
            API_URL: f"{address}/api",
            "DSPYUI_HOME": str(home),
            # Kept in memory, a lease is forgotten with the server, and its slot taken for ever.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASE_STORAGE,
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        },
        announced=home / "prefect" / "server.json",
    )


def _mlflow(home: Path, uri: str) -> Service:
    what = "runs, traces, versions"
    if uri.startswith(("http://", "https://")):
        address = _without_password(uri)
        return Service("MLflow", what, probe=Answers(_health(uri)), address=address, elsewhere=True)
    port = free_port(MLFLOW_PORT)
    address = f"http://{HOST}:{port}"
    return Service(
        "MLflow",
        what,
        ("deployments.stack.serve_mlflow", SOCKET),
        probe=Answers(_health(address)),
        port=port,
        address=address,
        environment={"DSPYUI_HOME": str(home)},
    )


def _deployed(folder: Path, ours: Mapping[str, str]) -> Service:
    return Service(
        "deployments",
        "the flows, and each program's schedule and trigger",
        ("deployments.cli", "deploy", "--json"),
        after=("Prefect",),
        folder=folder,
        environment=ours,
        once=True,
    )


def _revived(folder: Path, ours: Mapping[str, str], leases: Path) -> Service:
    return Service(
        "runs",
        "those that a killed stack cut off go on",
        ("deployments.stack.reviving", ours[API_URL], POOL, str(leases)),
        after=("Prefect", "deployments"),
        folder=folder,
        environment=ours,
        once=True,
    )


def _worker(home: Path, folder: Path, ours: Mapping[str, str]) -> Service:
    name = worker_name(home)
    command = ("prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", name)
    return Service(
        "worker",
        f"takes the flow runs of the pool {POOL}",
        (*command, "--install-policy", "never"),
        probe=WorkerReports(ours[API_URL], POOL, name),
        folder=folder,
        # Prefect's default of ten is most of the time from an event to its run.
        environment={**ours, "PREFECT_WORKER_QUERY_SECONDS": QUERY_SECONDS},
        by_kernel=False,
        stop_seconds=WORKER_STOP_SECONDS,
    )


def _mirror(ours: Mapping[str, str]) -> Service:
    return Service(
        "mirror",
        "answers and feedback to MLflow, and back",
        ("deployments.cli", "mirror", "--follow"),
        probe=Says("mirroring until"),
        after=("MLflow",),
        folder=Path(ours["DSPYUI_WORKSPACE"]),
        environment=ours,
    )


def _health(address: str) -> str:
    return f"{_without_password(address).rstrip('/')}/health"


def _without_password(address: str) -> str:
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
