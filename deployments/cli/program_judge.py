"""`dspyui program judge`: what a program's LM judge says of answers that people rated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import spec_files
from deployments.cli.help import page
from deployments.cli.lineage import values_text
from deployments.cli.options import Json

if TYPE_CHECKING:
    from dspyui_core.turn import Disagreement, JudgeReport

EPILOG = page(
    ("dspyui program judge programs/support.yaml", "may its judge decide?"),
    ("dspyui program judge programs/support.yaml --last 50 --json", "for a program to read"),
)


def judge(
    file: Annotated[
        Path, typer.Argument(help="The program spec, a YAML file.", autocompletion=spec_files)
    ],
    last: Annotated[int, typer.Option(min=1, help="How many rated answers, the newest.")] = 200,
    as_json: Json = False,
) -> None:
    """Compare the spec's LM judge with the people who rated recorded answers.

    The judge scores the answers that were rated last, and Cohen's kappa says how far it agrees
    beyond chance. Below promotion.minimum_kappa it may not promote. Nothing is recorded.
    """
    from deployments.cli.progress import progress
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import judge_the_judge
    from dspyui_core.workspace import Workspace

    spec = read_spec(file)
    with progress(f"judging {spec.name}") as tell:
        found = judge_the_judge(Workspace.open(), spec, limit=last, on_progress=tell)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text("\n".join(_lines(found)))


def _lines(found: JudgeReport) -> list[str]:
    told = "trusted" if found.trusted else "not trusted"
    price = "of unknown price" if found.lm.usd is None else f"{found.lm.usd:.4f} USD"
    return [
        f"{found.program}: judge {found.judge} is {told}",
        f"  {found.reason}",
        *_counts(found),
        *(line for apart in found.disagreements for line in _apart(apart)),
        f"  {found.lm.calls} LM calls, {price}",
    ]


def _counts(found: JudgeReport) -> list[str]:
    agreement = found.agreement
    if not agreement.rows:
        return ["  users rate answers with: dspyui feedback add TRACE --rating thumbs_up"]
    return [
        f"  {agreement.rows} answers: people find {agreement.people_good} good, the judge "
        f"{agreement.judge_good}; they agree on {agreement.share:.0%}",
        f"  {found.disputed} disputed among users, {found.failed} failed",
    ]


def _apart(one: Disagreement) -> list[str]:
    people = "good" if one.people_good else "bad"
    return [
        f"  - {values_text(one.inputs)} -> {values_text(one.outputs)}",
        f"      people {people}, judge {one.score:g}: {values_text(one.reason)}  {one.trace_id}",
    ]
