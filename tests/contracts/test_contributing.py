"""CONTRIBUTING's worked examples are files of the example plugin and its tests, word for word."""

from __future__ import annotations

import pytest

from contracts.source import ROOT
from support.markdown import Block, blocks_of

BLOCKS = blocks_of(ROOT / "CONTRIBUTING.md")
FROM_FILES = [pytest.param(block, id=block.path) for block in BLOCKS if block.path]
SECTIONS = {
    "How to add a metric": "metric.py",
    "How to add an optimizer": "optimizer.py",
    "How to add a check": "check.py",
}
MODULES = ROOT / "tests/plugin/src/example_plugin"


@pytest.mark.parametrize("block", FROM_FILES)
def test_a_block_with_a_path_is_what_that_file_says(block: Block) -> None:
    content = (ROOT / block.path).read_text(encoding="utf-8")

    assert f"\n{block.text}" in f"\n{content}"


@pytest.mark.parametrize("section", SECTIONS)
def test_an_example_shows_the_whole_file_its_entry_point_its_test_its_spec_and_a_command(
    section: str,
) -> None:
    shown = [block for block in BLOCKS if block.section == section]

    assert [block.language for block in shown] == ["python", "toml", "python", "yaml", "console"]
    assert shown[0].text == (MODULES / SECTIONS[section]).read_text(encoding="utf-8")
    assert "def test_" in shown[2].text


def test_every_module_of_the_example_plugin_is_shown() -> None:
    assert {path.name for path in MODULES.rglob("*.py")} == set(SECTIONS.values())
