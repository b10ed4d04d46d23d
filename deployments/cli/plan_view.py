"""The plan of a turn as a person reads it."""

from __future__ import annotations

from typing import NoReturn

import typer

from deployments.cli import output
from deployments.cli.dry_run import looking, told
from dspyui_core.turn import TurnPlan, TurnRequest, plan_turn

OPENINGS = {
    "open": "would open a new turn",
    "resume": "would resume turn {turn}",
    "blocked": "would be blocked",
    "nothing-new": "nothing new since turn {turn}",
}


def show_plan(request: TurnRequest, last_step: str, as_json: bool) -> NoReturn:
    """Print what a turn that goes as far as `last_step` would do, and exit as it would begin."""
    output.show_progress()
    with looking() as ws:
        plan = plan_turn(ws, request, upto=last_step, on_progress=output.say)
    told(plan.model_dump(mode="json"), _words(plan), as_json)
    raise typer.Exit(output.GATE_SAID_NO if plan.action == "blocked" else output.DONE)


def _words(plan: TurnPlan) -> str:
    data = plan.dataset
    lines = [f"{plan.program}: {OPENINGS[plan.action].format(turn=plan.turn)}"]
    if plan.reason:
        lines += [plan.reason]
    if plan.abandons:
        lines += [f"  closes      turn {plan.abandons} as abandoned: its spec or data changed"]
    lines += [
        f"  dataset     {data.version[:12]}  {data.rows} rows: {data.train} train, "
        f"{data.validation} validation, {data.holdout} holdout; {data.quarantined} quarantined, "
        f"{data.parked} parked"
    ]
    if plan.new_feedback is not None:
        lines += [f"  feedback    {plan.new_feedback} new rows; a turn needs {_minimum(plan)}"]
    champion = "none yet" if plan.champion is None else f"version {plan.champion}"
    lines += [f"  champion    {champion}", f"  LM          {plan.lm}, optimizer {plan.optimizer}"]
    if plan.steps:
        lines += [f"  to do       {', '.join(plan.steps)}"]
    return "\n".join(lines)


def _minimum(plan: TurnPlan) -> str:
    return f"{plan.minimum_feedback}, or new rows in the files"
