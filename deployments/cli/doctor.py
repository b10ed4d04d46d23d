"""`dspyui doctor`: what stands in the way of a turn, and what to do."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import Json

if TYPE_CHECKING:
    from deployments.doctor import Finding

MARKS = {"ok": "\u2713", "warn": "!", "fail": "\u2717"}
INDENT = 20
EPILOG = page(
    ("dspyui doctor", "look at everything"),
    ("dspyui doctor --program programs/support.yaml", "and at this program and its LM"),
    ("dspyui doctor --no-lm --json", "ask no LM, print one JSON list"),
    exits="0 nothing fails (there may be warnings), 1 something fails, 2 bad usage or bad input",
)


def doctor(
    program: Annotated[
        Path | None, typer.Option("--program", "-p", help="A program spec to look at, too.")
    ] = None,
    no_lm: Annotated[bool, typer.Option("--no-lm", "--offline", help="Ask no LM.")] = False,
    as_json: Json = False,
) -> None:
    """Look at everything a turn needs, and say what to do.

    Versions, settings, import names, the home, its databases, MLflow, Prefect, and the LM, which is
    asked one short question. Nothing is made or changed.
    """
    from deployments.doctor import examine

    findings = []
    for finding in examine(program, ask_lm=not no_lm):
        findings.append(finding)
        if not as_json:
            output.text(_line(finding))
    failing = [finding for finding in findings if finding.status == "fail"]
    if as_json:
        output.document([asdict(finding) for finding in findings])
    else:
        output.text(_summary(findings))
    raise typer.Exit(output.FAILED if failing else output.DONE)


def _line(finding: Finding) -> str:
    head = f"{MARKS[finding.status]} {finding.name}".ljust(INDENT)
    lines = _wrapped(finding.found, head)
    if finding.remedy:
        lines += _wrapped(finding.remedy, " " * (INDENT - 3) + "-> ")
    return "\n".join(lines)


def _wrapped(text: str, head: str) -> list[str]:
    # Addresses and commands are copied from here, so no word is broken.
    return textwrap.wrap(
        text,
        output.PLAIN_WIDTH,
        initial_indent=head,
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(findings: list[Finding]) -> str:
    failing = sum(finding.status == "fail" for finding in findings)
    warning = sum(finding.status == "warn" for finding in findings)
    return f"{len(findings)} checks: {failing} failing, {warning} with warnings"
