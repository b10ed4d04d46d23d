"""Prefect artifacts made of the records and markdown that the core returns."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from dspyui_core import turn
from tasks._policy import ONCE
from tasks._workspace import workspace


@task(name="publish-problems", **ONCE)
def publish_problems(key: str, markdown: str) -> None:
    """The data problems as a markdown artifact."""
    if markdown:
        create_markdown_artifact(markdown, key=f"{key}-data-problems")


@task(name="publish-scores", **ONCE)
def publish_scores(key: str, turn_id: str) -> None:
    """The score table of a turn."""
    create_table_artifact(turn.score_table(workspace(), turn_id), key=f"{key}-scores")


@task(name="publish-decision", **ONCE)
def publish_decision(key: str, turn_id: str) -> None:
    """The verdict with its reasons, and where the run is in MLflow."""
    create_markdown_artifact(turn.decision_markdown(workspace(), turn_id), key=f"{key}-decision")


@task(name="publish-run-link", **ONCE)
def publish_run_link(key: str, turn_id: str) -> None:
    """A link to the turn's MLflow run."""
    link = turn.run_link(workspace(), turn_id)
    create_link_artifact(link, key=f"{key}-mlflow-run", link_text=turn_id)


@task(name="publish-page-link", **ONCE)
def publish_page_link(key: str, turn_id: str) -> None:
    """A link to the decision page of a finished turn."""
    link = turn.page_link(workspace(), turn_id)
    create_link_artifact(link, key=f"{key}-decision-page", link_text=f"decision of {turn_id}")


@task(name="publish-rescore", **ONCE)
def publish_rescore(key: str, markdown: str) -> None:
    """How the champion scores now, and how it did."""
    create_markdown_artifact(markdown, key=f"{key}-rescore")


@task(name="publish-statistics", **ONCE)
def publish_statistics(key: str, markdown: str) -> None:
    """The statistics of a batch job."""
    create_markdown_artifact(markdown, key=f"{key}-batch")
