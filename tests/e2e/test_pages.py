"""Every command that the README and the docs show is run, and prints what they show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.home import ROOT, Template
from support.openai_server import OpenAIServer
from support.pages import played

PAGES = sorted(
    page
    for pattern in ("README.md", "docs/*.md", "docs/how-to/*.md", "examples/support_routing/*.md")
    for page in ROOT.glob(pattern)
    if "```console" in page.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_a_page_shows_what_its_commands_print(
    page: Path, template: Template, tmp_path: Path
) -> None:
    home = template.copy(tmp_path)

    with OpenAIServer() as server:
        text, differences = played(page, home, address=server.address)

    if os.environ.get("REWRITE_PAGES"):
        page.write_text(text, encoding="utf-8")
    else:
        assert not differences, "\n\n".join(differences)
