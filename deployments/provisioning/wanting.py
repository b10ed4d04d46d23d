"""What a Prefect server is to have: prefect.yaml's deployments, and those of each program.

A flow without a schedule in prefect.yaml is deployed once, for any program that a person names. One
with a schedule is deployed for each program, too. The turns of a program start by its spec's own
`schedule` and `trigger`: a schedule's runs wait for the one that runs (ENQUEUE), a trigger's are
dropped while one does (CANCEL_NEW), which takes a deployment of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from deployments.provisioning.programs import Program
from deployments.provisioning.records import ClockTime, Template, Trigger, Wanted
from dspyui_core.spec import ScheduleSpec
from tasks._keys import limit_name

TURN = "data-flywheel"
RESCORE = "rescore-champion"
WATCH = "watch-champion"
# No program's name has a dot in it.
BY_FEEDBACK = "{program}.feedback"


def wanted_deployments(
    templates: Sequence[Template], programs: Sequence[Program], folder: Path
) -> tuple[Wanted, ...]:
    """Every deployment of a workspace: the general ones, then those of each program."""
    general = (_general(template, folder) for template in templates)
    scheduled = [template for template in templates if template.schedules]
    own = (
        wanted
        for program in programs
        for template in scheduled
        for wanted in _of_program(template, program, folder)
    )
    return (*general, *own)


def _general(template: Template, folder: Path) -> Wanted:
    """For any program: a person starts it and says which."""
    content = template.model_dump(exclude={"schedules"})
    words = f"{template.name} of the program that the request names"
    return Wanted(**content, flow=template.name, description=words, folder=folder)


def _of_program(template: Template, program: Program, folder: Path) -> Iterator[Wanted]:
    spec, path = program.spec, program.path.as_posix()
    turn = template.name == TURN
    basis = {
        **template.model_dump(),
        "flow": template.name,
        "folder": folder,
        "program": spec.name,
        "request": {"program": path},
        "name": spec.name,
        "tags": (*template.tags, limit_name(spec.name)) if turn else template.tags,
        "schedules": _times(template, program),
        "description": f"{template.name} of {spec.name}, whose spec is {path}",
    }
    yield Wanted(**basis)
    if turn and spec.trigger is not None:
        trigger = Trigger(program=spec.name, **spec.trigger.model_dump())
        differs = {
            "name": BY_FEEDBACK.format(program=spec.name),
            "schedules": (),
            "limit": 1,
            "collision": "CANCEL_NEW",
            "trigger": trigger,
            "request": {"program": path, "reason": "new feedback"},
            "description": f"{template.name} of {spec.name}, after {spec.trigger.words}",
        }
        yield Wanted(**{**basis, **differs})


def _times(template: Template, program: Program) -> tuple[ClockTime, ...]:
    """When the clock starts it.

    What answers the holdout again costs LM calls: the clock starts it only where the spec has a
    schedule for its turns, too. A watch looks after versions that wait for a person, as well.
    """
    spec = program.spec
    if template.name == TURN:
        return () if spec.schedule is None else (_own_time(spec.schedule, program.path),)
    asks = spec.promotion.approval == "manual"
    asked = {RESCORE: spec.schedule is not None, WATCH: spec.watch.enabled or asks}
    active = asked.get(template.name, True)
    return tuple(time.model_copy(update={"active": active}) for time in template.schedules)


def _own_time(schedule: ScheduleSpec, path: Path) -> ClockTime:
    request = {"program": path.as_posix(), "reason": "on schedule"}
    return ClockTime(slug="spec", request=request, **schedule.model_dump())
