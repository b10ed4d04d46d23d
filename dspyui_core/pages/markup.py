"""Markup that is safe by construction: whatever is not markup already is escaped on its way in."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["LONGEST_TEXT", "NOTHING", "Html", "joined", "said", "tag", "visible"]

# More of one cell nobody reads on a page.
LONGEST_TEXT: Final = 1_000
_VOID: Final = frozenset({"circle", "line", "meta"})
# What is invisible and may not be in HTML, and what turns the direction of the text around it.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028-\u202e\u2066-\u2069]"
)


class Html(str):
    """Markup. Added to a plain text it is a plain text again, which `tag` escapes."""

    __slots__ = ()


NOTHING: Final = Html("")


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element; children that are no markup are escaped, attributes always.

    `class_` is the attribute class, `aria_label` is aria-label; one that is None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{given}>" if name == "meta" else f"<{name}{given}/>")
    return Html(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[object]) -> Html:
    """The children one after the other, escaped where they are no markup."""
    return Html("".join(c if isinstance(c, Html) else _escaped(c) for c in children))


def visible(value: object) -> str:
    """A text without characters that hide or turn text: their code points are written out."""
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", str(value))


def said(value: object) -> Html:
    """What a user or an LM wrote, in a direction of its own, clipped where it is long.

    A mapping of one value shows that value; one of several shows their names, too.
    """
    if not isinstance(value, Mapping):
        return _piece(value)
    if len(value) <= 1:
        return _piece(*value.values()) if value else tag("span", "nothing", class_="quiet")
    return joined(
        tag("div", tag("span", f"{name}: ", class_="quiet"), _piece(item), class_="field")
        for name, item in value.items()
    )


def _piece(value: Any) -> Html:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    shown = tag("bdi", text[:LONGEST_TEXT], dir="auto")
    if len(text) <= LONGEST_TEXT:
        return shown
    told = f" … the first {LONGEST_TEXT:,} of {len(text):,} characters"
    return joined([shown, tag("span", told, class_="quiet")])


def _escaped(value: object) -> str:
    return html.escape(visible(value), quote=True)
