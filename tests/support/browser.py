"""Owns the browser of the tests, and what a person does with Prefect's user interface in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "there is no Chromium: `make browser` installs it, or name yours in CHROMIUM"
# As the pictures in the docs are; a page is as long as it likes.
SIZE = {"width": 1280, "height": 960}
# A page of a busy server takes its time; a step of a run takes longer.
PAGE_SECONDS, RUN_SECONDS = 60, 120
# `make screenshots` sets it: what is shown at some points of the test is kept for the docs.
REWRITE = "REWRITE_PICTURES"
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def chromium() -> str:
    """The browser's path. Without one the test is skipped, and fails in CI, with the remedy."""
    given = os.environ.get("CHROMIUM", "")
    found = next(filter(None, map(shutil.which, filter(None, (given, *NAMES)))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@contextmanager
def browsing(path: str, address: str) -> Iterator[Prefect]:
    """Prefect's user interface at an address, in a headless browser with nothing remembered."""
    # Its sandbox does not work for root, and /dev/shm is small in containers.
    options = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        page = browser.new_page(viewport=SIZE, timezone_id="UTC", locale="en-GB")
        page.set_default_timeout(1_000 * PAGE_SECONDS)
        expect.set_options(timeout=1_000 * PAGE_SECONDS)
        try:
            yield Prefect(page, address)
        finally:
            browser.close()


@dataclass(frozen=True)
class Prefect:
    """Prefect's user interface, as a person uses it."""

    page: Page
    address: str

    def visit(self, path: str = "") -> None:
        """Open a page by its path in the user interface."""
        self.page.goto(f"{self.address}/v2{path}")

    def find_deployment(self, flow: str, name: str) -> None:
        """Go to a deployment through the list of all."""
        # The search would be no help: its box goes back to the list a moment after it is filled.
        self.visit("/deployments?limit=100")
        row = self.page.get_by_role("row").filter(has_text=flow)
        row.get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("button", name="Run", exact=True).wait_for()

    def open_form(self) -> None:
        """Ask for a run of the deployment that is shown, by its form."""
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Custom run").click()
        self.page.get_by_label("Program spec").wait_for()

    def submit(self) -> None:
        """Send the form, and go to the run's page."""
        self.page.get_by_role("button", name="Submit").click()
        self.page.get_by_role("link", name="View run").click()

    def wait_for_state(self, name: str) -> None:
        """Until the page says that the run is in this state."""
        state = self.page.get_by_text(name, exact=True).first
        state.wait_for(timeout=1_000 * RUN_SECONDS)

    def artifact(self, key: str) -> Locator:
        """What the newest artifact with this key shows."""
        self.visit(f"/artifacts/key/{key}")
        newest = self.page.locator('a[href*="/artifacts/artifact/"]').first
        self.page.goto(f"{self.address}{newest.get_attribute('href')}")
        shown = self.page.get_by_role("tabpanel")
        shown.wait_for()
        return shown

    def open_answer(self) -> Locator:
        """The form of the suspended run that is shown."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name="Resume").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Comment").wait_for()
        return dialog

    def picture(self, name: str, *, height: int = SIZE["height"]) -> None:
        """Keep what is shown as `docs/pictures/prefect-<name>.png`, where that is asked for."""
        if not os.environ.get(REWRITE):
            return
        self.page.set_viewport_size({**SIZE, "height": height})
        # A note of what was just done stays as long as the mouse is on it.
        self.page.mouse.move(0, 0)
        expect(self.page.locator("[data-sonner-toast]")).to_have_count(0)
        self.page.wait_for_load_state("networkidle")
        shot = Image.open(BytesIO(self.page.screenshot(animations="disabled")))
        # A palette is a third of the size, and nobody sees the difference.
        shot.convert("RGB").quantize(128).save(PICTURES / f"prefect-{name}.png", optimize=True)
        self.page.set_viewport_size(SIZE)

    def choose(self, dialog: Locator, field: str, value: str) -> None:
        """Choose a value from a field's list."""
        dialog.get_by_label(f"Select {field}").click()
        self.page.get_by_role("option", name=value, exact=True).click()
