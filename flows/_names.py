"""How runs and artifacts are named: by program."""

from __future__ import annotations

from prefect.runtime import flow_run


def run_name() -> str:
    """`<flow> <program>`, from the run's own request."""
    return f"{flow_run.flow_name} {artifact_key(flow_run.parameters['request'].program.stem)}"


def artifact_key(name: str) -> str:
    """A name as Prefect wants artifact keys: lower case letters, digits and dashes."""
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in name.lower())
