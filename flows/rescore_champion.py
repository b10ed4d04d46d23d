"""rescore-champion: let the champion answer its holdout again; has its LM changed underneath?"""

from __future__ import annotations

from prefect import flow

from dspyui_core.turn import Rescore, RescoreRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks._keys import artifact_key
from tasks.evaluating import rescore
from tasks.publishing import publish_rescore


@flow(name="rescore-champion", **TOLD)
def rescore_champion(request: RescoreRequest) -> Rescore:
    """Score the champion again, past the cache; a drop opens an item in the inbox."""
    found = rescore(request)
    publish_rescore(artifact_key(found.program), found.markdown)
    return found


if __name__ == "__main__":
    run_as_command("rescore-champion")
