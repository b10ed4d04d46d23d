"""A person at Prefect's user interface: starts a turn, reads what it came to, and approves it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from support import tiny
from support.browser import Prefect, browsing, chromium
from support.home import Home, Template


@pytest.fixture(scope="module")
def browser() -> str:
    """The path of a browser; without one no stack is started."""
    return chromium()


@pytest.fixture(scope="module")
def home(browser: str, template: Template, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose one program asks before it releases anything."""
    made = template.copy(tmp_path_factory.mktemp("browser")).alone()
    programs = made.folder / "programs"
    programs.mkdir()
    asking = tiny.spec(promotion={"approval": "manual"}, dataset={"sources": "../rows.csv"})
    tiny.write_spec(programs / "desk.yaml", asking)
    return made


@pytest.fixture(scope="module")
def prefect(browser: str, home: Home) -> Iterator[Prefect]:
    """Prefect's user interface of a stack with that home."""
    up = home.dspyui("up", "--detach", "--json")
    assert up.code == 0, up.stderr
    address = next(found["address"] for found in up.json["services"] if found["name"] == "Prefect")
    try:
        with browsing(browser, address) as shown:
            yield shown
    finally:
        home.dspyui("down")


@pytest.fixture(scope="module")
def turn(prefect: Prefect) -> Prefect:
    """The page of a turn that was asked for by the deployment's form, and has ended."""
    prefect.find_deployment("data-flywheel", "desk")
    prefect.open_form()
    expect(prefect.page.get_by_label("Program spec")).to_have_value("programs/desk.yaml")
    expect(prefect.page.get_by_text("Why the turn is taken, for people")).to_be_visible()
    prefect.page.get_by_label("Reason").fill("to try it out")
    prefect.picture("form", height=1000)
    prefect.submit()
    prefect.wait_for_state("Awaiting approval")
    return prefect


def test_a_turn_that_is_started_by_the_form_ends_under_its_outcomes_name(
    turn: Prefect, home: Home
) -> None:
    expect(turn.page.get_by_text("data-flywheel desk-0001: to try it out").first).to_be_visible()
    assert home.turns() == [("desk-0001", "awaiting-approval")]
    assert home.report()["model_version"] == 1
    turn.page.get_by_role("tab", name="Artifacts").click()
    turn.page.get_by_role("link").filter(has_text="desk-mlflow-run").wait_for()
    turn.picture("turn", height=1470)


def test_the_verdict_can_be_read_with_its_scores_and_reasons(turn: Prefect) -> None:
    verdict = turn.artifact("desk-decision")

    expect(verdict.get_by_role("heading", name="Ask: shall the candidate serve?")).to_be_visible()
    row = verdict.get_by_role("row").filter(has_text="candidate")
    expect(row).to_contain_text(" to ")
    expect(verdict.get_by_role("listitem").last).to_contain_text("a person must promote it")
    turn.picture("verdict", height=840)


@pytest.mark.parametrize(
    ("key", "columns"),
    [
        ("desk-scores", ["program", "holdout score", "interval", "failed rows"]),
        ("desk-changed-answers", ["change", "expected", "baseline", "candidate"]),
    ],
)
def test_a_table_shows_the_columns_that_decide(turn: Prefect, key: str, columns: list[str]) -> None:
    table = turn.artifact(key)

    for column in columns:
        expect(table.get_by_role("columnheader", name=column, exact=True)).to_be_in_viewport()


def test_the_data_report_counts_rows_and_splits(turn: Prefect) -> None:
    report = turn.artifact("desk-data-report")

    expect(report.get_by_role("columnheader", name="holdout", exact=True)).to_be_visible()
    expect(report.get_by_role("cell", name="160", exact=True)).to_be_visible()


def test_the_waiting_version_is_approved_by_the_form_of_its_run(turn: Prefect, home: Home) -> None:
    approval = turn.artifact("desk-approval").get_by_role("link", name="Version 1 waits")
    turn.page.goto(approval.get_attribute("href") or "")
    turn.wait_for_state("Suspended")
    turn.page.get_by_role("tab", name="Details").click()

    dialog = turn.open_answer()
    expect(dialog).to_contain_text("desk: shall version 1 serve?")
    answer(dialog)
    expect(turn.page.get_by_text("'decision' is a required property")).to_be_visible()
    assert home.decisions() == [("ask", 1)]

    turn.choose(dialog, "Decision", "approve")
    dialog.get_by_label("Comment").fill("reads well")
    dialog.get_by_label("Reviewer").fill("ana")
    turn.picture("approval", height=1460)
    answer(dialog)
    turn.wait_for_state("Approved")

    assert home.decisions() == [("ask", 1), ("promote", 1)]
    assert home.aliases()["champion"] == 1
    ((actor,),) = home.query("state.db", "select actor from decision where verdict = 'promote'")
    assert actor == "ana"


def test_the_lists_say_what_became_of_every_run(turn: Prefect) -> None:
    turn.visit("/deployments?limit=25")
    expect(turn.page.get_by_role("link", name="desk", exact=True)).to_have_count(3)
    turn.picture("deployments", height=1080)
    turn.visit("/runs")

    for name, state in (
        ("data-flywheel desk-0001: to try it out", "Awaiting approval"),
        ("promote-model desk: version 1 of desk-0001 waits", "Approved"),
    ):
        run = turn.page.get_by_role("listitem").filter(has_text=name)
        expect(run.get_by_text(state, exact=True)).to_be_visible()
    turn.picture("runs")


def answer(dialog: Locator) -> None:
    """Send what the form holds."""
    dialog.get_by_role("button", name="Resume").click()
