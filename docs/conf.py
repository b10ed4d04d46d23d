"""How Sphinx builds these pages: Markdown in, HTML out that loads nothing from elsewhere."""

from __future__ import annotations

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "dspyui"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "dspyui"
html_static_path = ["looks"]
html_css_files = ["wide.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False


def setup(app: Sphinx) -> None:
    """Show data as it is: Pygments has no words for CSV."""
    app.add_lexer("csv", TextLexer)
