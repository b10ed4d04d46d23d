"""A terminal's screen as a still SVG that loads nothing: no font, no script, no address."""

from __future__ import annotations

import io
import re

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_WEB_FONT = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def picture(typed: str, ansi: str, *, columns: int) -> str:
    """The SVG of a command as it was typed and of what the terminal showed then."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), (typed, "bold")))
    console.print(Text.from_ansi(ansi), soft_wrap=True)
    return console.export_svg(title=typed, code_format=svg_format(), unique_id="terminal")


def svg_format() -> str:
    """Rich's template without its web fonts; each character has its place in any font."""
    local = _COMMENT.sub("", _WEB_FONT.sub("", CONSOLE_SVG_FORMAT))
    return local.replace("Fira Code, monospace", FONTS).replace("Fira Code", FONTS)
