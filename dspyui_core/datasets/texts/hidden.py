"""Text that a reader does not see and an LM does: invisible characters, comments, encoded runs."""

from __future__ import annotations

import re
from typing import Final

# Zero-width characters without a use inside ordinary words, and the selectors that can carry bytes.
_INVISIBLE: Final = re.compile(
    "[\u200b\u2060-\u2064\u180e\u206a-\u206f]|(?<=.)\ufeff|[\U000e0100-\U000e01ef]{2,}", re.S
)
# The two joiners belong into many scripts and emoji, but not between Latin letters.
_JOINED: Final = re.compile("(?<=[A-Za-z0-9])[\u200c\u200d]+(?=[A-Za-z0-9])")
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Tag characters spell the flags of regions after a black flag, and nothing else.
_TAGS: Final = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+")
_COMMENT: Final = re.compile("<!--")
_STYLED: Final = re.compile(
    r"(?:display ?: ?none|visibility ?: ?hidden|font-size ?: ?0|opacity ?: ?0(?:[;\"' ]|$))", re.I
)
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_HIDDEN: Final = {
    "hides text in characters that nobody sees": (_INVISIBLE, _JOINED, _TAGS),
    "turns the direction of text around": (_BIDI,),
    "hides text in a comment or by its style": (_COMMENT, _STYLED),
}


def hidden_in(text: str, longest_blob: int) -> tuple[str, ...]:
    """How a text hides something, in words; empty where it does not."""
    ways = [
        way
        for way, patterns in _HIDDEN.items()
        if any(pattern.search(text) for pattern in patterns)
    ]
    runs = (match[0] for match in _RUN.finditer(text))
    if any(len(run) >= longest_blob and _is_encoded(run) for run in runs):
        ways.append("holds a long run of encoded text")
    return tuple(ways)


def without_hidden(text: str) -> str:
    """The text without the characters that nobody sees."""
    for pattern in (_INVISIBLE, _JOINED, _TAGS, _BIDI):
        text = pattern.sub("", text)
    return text


def _is_encoded(run: str) -> bool:
    """Base64 and hex have digits among their letters; a long word or a ruler has not."""
    return any(c.isdigit() for c in run) and any(c.isalpha() for c in run)
