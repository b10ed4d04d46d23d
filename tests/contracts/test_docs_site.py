"""The documentation builds without a warning, and what is built loads nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.source import ROOT

DOCS = ROOT / "docs"
ADDRESS = r"(?:https?:)?//"
# A page may link to an address; it loads what these name.
LOADED = re.compile(
    rf"<(?:script|img|iframe|source|embed|audio|video)\b[^>]*\bsrc=[\"']?{ADDRESS}"
    rf"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon))[^>]*href=[\"']?{ADDRESS}"
    rf"|@import\s+(?:url\()?[\"']?{ADDRESS}"
    rf"|url\(\s*[\"']?{ADDRESS}",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages; a warning fails the build."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    folders = ["-d", str(built / "doctrees"), str(DOCS), str(built / "html")]
    done = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return built / "html"


def test_every_page_is_built(site: Path) -> None:
    written = {path.relative_to(DOCS).with_suffix("") for path in _pages()}

    missing = [str(page) for page in written if not (site / page).with_suffix(".html").exists()]

    assert not missing


def test_what_is_built_loads_nothing_from_elsewhere(site: Path) -> None:
    files = [path for kind in ("*.html", "*.css", "*.svg") for path in site.rglob(kind)]

    loading = {path.name: LOADED.findall(path.read_text(encoding="utf-8")) for path in files}

    assert len(files) > len(_pages())
    assert not {name: found for name, found in loading.items() if found}


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/a.css">',
        "@font-face { src: url('https://fonts.example/a.woff2') }",
    ],
)
def test_loading_from_elsewhere_would_be_noticed(tag: str) -> None:
    assert LOADED.search(tag)


def test_a_link_to_elsewhere_is_no_loading() -> None:
    assert not LOADED.search('<a class="external" href="https://example.org">there</a>')


def _pages() -> list[Path]:
    return [path for path in DOCS.rglob("*.md") if "_build" not in path.parts]
