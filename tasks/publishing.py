"""Prefect artifacts made of the records and markdown that the core returns."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from dspyui_core import turn
from dspyui_core.datasets import DatasetReport, check_report
from tasks._policy import PATIENT
from tasks._workspace import workspace


@task(name="publish-check", **PATIENT)
def publish_check(key: str, report: DatasetReport) -> None:
    """The data report of a check."""
    told = f"{report.verdict}: rows, splits, what may not pass"
    create_markdown_artifact(check_report(report), key=f"{key}-data-report", description=told)


@task(name="publish-data", **PATIENT)
def publish_data(key: str, turn_id: str) -> None:
    """The data report of a turn; where none was begun there is nothing to report."""
    if turn_id:
        markdown = turn.data_markdown(workspace(), turn_id)
        create_markdown_artifact(
            markdown, key=f"{key}-data-report", description=f"Rows and splits of {turn_id}"
        )


@task(name="publish-scores", **PATIENT)
def publish_scores(key: str, turn_id: str) -> None:
    """The score table of a turn."""
    told = f"Score table of {turn_id}"
    rows = turn.score_table(workspace(), turn_id)
    create_table_artifact(rows, key=f"{key}-scores", description=told)


@task(name="publish-decision", **PATIENT)
def publish_decision(key: str, turn_id: str) -> None:
    """The verdict with the scores, every reason and the cost."""
    told = f"Verdict of {turn_id}, and why"
    markdown = turn.decision_markdown(workspace(), turn_id)
    create_markdown_artifact(markdown, key=f"{key}-decision", description=told)


@task(name="publish-changes", **PATIENT)
def publish_changes(key: str, turn_id: str) -> None:
    """Some changed answers, side by side."""
    told = f"Changed by {turn_id}, lost ones first"
    rows = turn.changed_table(workspace(), turn_id)
    create_table_artifact(rows, key=f"{key}-changed-answers", description=told)


@task(name="publish-run-link", **PATIENT)
def publish_run_link(key: str, turn_id: str) -> None:
    """A link to the turn's MLflow run."""
    link = turn.run_link(workspace(), turn_id)
    told = f"{turn_id} in MLflow"
    create_link_artifact(link, key=f"{key}-mlflow-run", link_text=turn_id, description=told)


@task(name="publish-links", **PATIENT)
def publish_links(key: str, turn_id: str) -> None:
    """Links to the decision page of a finished turn, and to the version that it made."""
    for what, link in turn.turn_links(workspace(), turn_id).items():
        named = f"{what.replace('-', ' ')} of {turn_id}"
        create_link_artifact(
            link,
            key=f"{key}-{what}",
            link_text=named,
            description=f"{named}, in MLflow",
        )


@task(name="publish-rescore", **PATIENT)
def publish_rescore(key: str, markdown: str) -> None:
    """How the champion scores now, and how it did."""
    told = "The champion's holdout score now and then"
    create_markdown_artifact(markdown, key=f"{key}-rescore", description=told)


@task(name="publish-watch", **PATIENT)
def publish_watch(key: str, markdown: str) -> None:
    """How the champion does against the one before it."""
    told = "The champion's live answers against its predecessor's"
    create_markdown_artifact(markdown, key=f"{key}-watch", description=told)


@task(name="publish-statistics", **PATIENT)
def publish_statistics(key: str, markdown: str) -> None:
    """The statistics of a batch job."""
    told = "How many rows were answered, how many failed, how long it took"
    create_markdown_artifact(markdown, key=f"{key}-batch", description=told)
