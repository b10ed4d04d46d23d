"""watch-champion: does the new champion harm by what its users say? Then the one before serves."""

from __future__ import annotations

from prefect import flow

from dspyui_core.turn import WatchReport, WatchRequest
from flows._approval import end_waiting
from flows._command import run_as_command
from flows._policy import TOLD
from tasks._keys import artifact_key
from tasks.approving import refuse_overdue
from tasks.publishing import publish_watch
from tasks.watching import watch


@flow(name="watch-champion", **TOLD)
def watch_champion(request: WatchRequest) -> WatchReport:
    """Watch the champion; a harm that is shown is rolled back, and opens an item in the inbox.

    What waits for a person for too long is refused, too.
    """
    end_waiting(str(request.program), refuse_overdue(request.program))
    found = watch(request)
    if found.watched is not None:
        publish_watch(artifact_key(found.program), found.markdown)
    return found


if __name__ == "__main__":
    run_as_command("watch-champion")
