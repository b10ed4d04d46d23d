"""`dspyui run rescore-champion`: the flow that a schedule runs, here and now."""

from __future__ import annotations

from deployments.cli.help import GATED_EXITS, page
from deployments.cli.keys import demand_key
from deployments.cli.options import DryRun, Json, Program, Verbose
from deployments.cli.program_scoring import rescore, show_rescore

RESCORE = page(
    ("dspyui run rescore-champion -p programs/support.yaml", "has the champion's LM changed?"),
    ("dspyui run rescore-champion -p programs/support.yaml --json", "for a program to read"),
    ("dspyui program rescore support", "the same without Prefect"),
    exits=GATED_EXITS,
)


def rescore_champion(
    program: Program, dry_run: DryRun = False, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Score the champion again on the holdout it was released on, past the cache.

    A drop that is no chance is put into the inbox, and the exit code is 3. With --dry-run it is
    scored without Prefect, and nothing is put anywhere.
    """
    from dspyui_core.spec import read_spec

    spec = read_spec(program)
    for lm in spec.lms:
        demand_key(lm.name)
    if dry_run:
        rescore(spec.name, dry_run=True, as_json=as_json)
    from deployments.cli.flow_run import run_flow
    from dspyui_core.turn import RescoreRequest

    found = run_flow("rescore-champion", RescoreRequest(program=program), verbose=verbose)
    show_rescore(found, as_json)
