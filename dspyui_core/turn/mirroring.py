"""The mirror at work: both ways for one program or all, once or for as long as it is wanted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from time import monotonic

from dspyui_core.errors import ModelNotFoundError, NotFoundError, ProgramError, StoreError
from dspyui_core.mirror import Lag, PickedUp, lag_of, needing_mlflow
from dspyui_core.mlflow_tracking import require_answer
from dspyui_core.records import Record
from dspyui_core.spec import SignatureSpec, read_spec
from dspyui_core.turn.opening import TurnRequest
from dspyui_core.upkeep import Retired, retire
from dspyui_core.workspace import Workspace

__all__ = [
    "MirrorPlan",
    "MirrorReport",
    "MirrorRun",
    "ProgramLag",
    "follow",
    "lags",
    "mirror_all",
    "mirror_program",
    "mirrored_programs",
]

# What people say in MLflow is looked for in all that is rated there, so less often.
LOOK_SECONDS = 60.0
LONGEST_WAIT = 60.0
_LOG = logging.getLogger("dspyui")


class MirrorReport(Record):
    """What of one program reached MLflow, what came from there, and what MLflow has not yet.

    `position` is the journal's up to which MLflow has everything; `orphans` counts feedback whose
    trace was deleted there. `picked_up` is None where nobody looked: without a champion there
    are no fields that it could fit. `retired` is what left the journal afterwards, by the limits of
    the settings.
    """

    program: str
    traces: int
    assessments: int
    orphans: int
    position: int
    picked_up: PickedUp | None
    lag: Lag
    retired: Retired = Retired()

    @property
    def moved(self) -> bool:
        """Whether anything was copied, either way."""
        found = 0 if self.picked_up is None else self.picked_up.entries
        return bool(self.traces or self.assessments or found)

    def __add__(self, later: MirrorReport) -> MirrorReport:
        """Both as one: what was copied added up, the rest as it is later."""
        return later.model_copy(
            update={
                "traces": self.traces + later.traces,
                "assessments": self.assessments + later.assessments,
                "orphans": self.orphans + later.orphans,
                "picked_up": _both(self.picked_up, later.picked_up),
            }
        )


class MirrorRun(Record):
    """What one run of the mirror copied, program by program, in how many seconds."""

    programs: tuple[MirrorReport, ...]
    seconds: float


class ProgramLag(Record):
    """What MLflow has not yet of one program."""

    program: str
    lag: Lag


class MirrorPlan(Record):
    """What a run of the mirror would copy to MLflow; what people said there is not looked at."""

    programs: tuple[ProgramLag, ...]


def mirror_program(ws: Workspace, request: TurnRequest) -> MirrorReport:
    """Copy a program's entries both ways; then retire what is expired."""
    spec = read_spec(request.program)
    report = _mirror(ws, spec.name, signature=_signature(ws, spec.name) or spec.signature)
    return report.model_copy(update={"retired": retire(ws)})


def mirrored_programs(ws: Workspace, name: str | None = None) -> tuple[str, ...]:
    """The programs to mirror: this one, or all that have an entry or a turn.

    Raises NotFoundError for a name that has neither.
    """
    known = sorted({*ws.journal.programs(), *ws.turns.programs()})
    if name is None:
        return tuple(known)
    if name not in known:
        hint = f"programs: {', '.join(known)}" if known else "nothing is recorded here yet"
        raise NotFoundError(name, message=f"no program {name!r}", hint=hint)
    return (name,)


def lags(ws: Workspace, names: Sequence[str]) -> MirrorPlan:
    """What MLflow has not yet of these programs."""
    found = (ProgramLag(program=n, lag=lag_of(ws.journal, ws.watermarks, n)) for n in names)
    return MirrorPlan(programs=tuple(found))


def mirror_all(
    ws: Workspace,
    names: Sequence[str],
    *,
    look: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[MirrorReport]:
    """Copy these programs both ways, one after the other; with `look` off only to MLflow.

    Raises StoreError where MLflow does not answer: what is copied by then stays.
    """
    require_answer(ws.settings.tracking_uri())
    for name in names:
        if stop():
            return
        with needing_mlflow():
            signature = _signature(ws, name) if look else None
            report = _mirror(ws, name, signature=signature, stop=stop)
        yield report


def follow(
    ws: Workspace,
    names: Callable[[], Sequence[str]],
    *,
    every: float,
    stop: Event,
    on_report: Callable[[MirrorReport], None],
    on_trouble: Callable[[StoreError, float], None],
) -> None:
    """Go on copying, `every` so many seconds, until `stop` is set; ends after a batch.

    Where MLflow is away it says so and tries again, after waits that double up to a minute.
    """
    wait, looked = every, -LOOK_SECONDS
    while not stop.is_set():
        look = monotonic() - looked >= LOOK_SECONDS
        try:
            for report in mirror_all(ws, names(), look=look, stop=stop.is_set):
                on_report(report)
        except StoreError as error:
            wait = min(wait * 2, max(LONGEST_WAIT, every))
            on_trouble(error, wait)
        else:
            wait, looked = every, monotonic() if look else looked
        stop.wait(wait)


def _mirror(
    ws: Workspace,
    name: str,
    *,
    signature: SignatureSpec | None,
    stop: Callable[[], bool] = lambda: False,
) -> MirrorReport:
    done, found = ws.mirror(name, stop=stop), None
    # Only now: what is superseded in the journal no longer stands in MLflow.
    if signature is not None and not stop():
        found = ws.pick_up(name, signature)
        if found.entries:
            done += ws.mirror(name, stop=stop)
    return MirrorReport(
        program=name,
        traces=done.traces,
        assessments=done.assessments,
        orphans=done.orphans,
        position=done.position,
        picked_up=found,
        lag=lag_of(ws.journal, ws.watermarks, name),
    )


def _signature(ws: Workspace, name: str) -> SignatureSpec | None:
    """What the champion takes and gives; None where there is none, or none that loads here."""
    try:
        return ws.models.load_model(name).spec.signature
    except ModelNotFoundError:
        return None
    except ProgramError as error:
        _LOG.warning("what people said in MLflow about %s waits: %s", name, error.message)
        return None


def _both(first: PickedUp | None, second: PickedUp | None) -> PickedUp | None:
    if first is None or second is None:
        return second or first
    # What does not fit is the same each time.
    counts = ("predictions", "feedback", "retractions")
    added = {name: getattr(first, name) + getattr(second, name) for name in counts}
    return second.model_copy(update=added)
