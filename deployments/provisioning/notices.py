"""What is worth telling a person who is not looking, and in which words."""

from __future__ import annotations

from dspyui_core.events import MODEL_PROMOTED, MODEL_ROLLED_BACK, TURN_FINISHED
from dspyui_core.records import Record


class Notice(Record):
    """Something worth telling: the events that say it, and a turn's outcome where one is meant."""

    name: str
    words: str
    events: tuple[str, ...]
    outcome: str = ""
    failure: bool = False


NOTICES = (
    Notice(name="promoted", words="a version was promoted", events=(MODEL_PROMOTED,)),
    Notice(name="rolled-back", words="a version was taken back", events=(MODEL_ROLLED_BACK,)),
    Notice(name="refused", words="a turn was refused", events=(TURN_FINISHED,), outcome="refused"),
    Notice(
        name="blocked",
        words="a turn was blocked by its data",
        events=(TURN_FINISHED,),
        outcome="blocked",
    ),
    Notice(
        name="awaiting-approval",
        words="a promotion waits for approval",
        events=(TURN_FINISHED,),
        outcome="awaiting-approval",
    ),
    Notice(
        name="failed",
        words="a run failed",
        events=("prefect.flow-run.Failed", "prefect.flow-run.Crashed"),
        failure=True,
    ),
)
# Templates by whether a run failed: its events are Prefect's own, and name the run.
TEXT = {
    False: "{{ event.resource.name }}: {{ event.event }} {{ event.payload | tojson }}",
    True: "{{ event.resource.name }}: {{ event.event }}",
}
WEBHOOK_BODY = {
    failure: (
        '{"event": {{ event.event | tojson }}, "about": {{ event.resource.name | tojson }}, '
        f'"payload": {payload}, "at": {{{{ event.occurred.isoformat() | tojson }}}}, '
        '"text": {{ (event.resource.name ~ ": " ~ event.event) | tojson }}}'
    )
    for failure, payload in ((False, "{{ event.payload | tojson }}"), (True, "{}"))
}


def notice_name(notice: Notice, channel: str) -> str:
    """The name of the automation that tells it over a channel."""
    return f"dspyui tells by {channel}: {notice.name}"
