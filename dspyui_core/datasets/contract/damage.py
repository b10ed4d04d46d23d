"""Damage: what a wrong encoding or a broken tool leaves behind in a text."""

from __future__ import annotations

import re
from typing import Final

# Characters that Windows-1252 and Latin-1 have for the bytes 0x80 to 0xbf, which continue a UTF-8
# character. Those of 0x80 to 0x9f that Windows-1252 leaves free are control characters.
_WINDOWS: Final = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_NEXT: Final = f"[\u0080-\u00bf{_WINDOWS}]"

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
# Tabs, line ends, form feeds and the like are blanks, not damage.
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_REPLACED: Final = re.compile("\ufffd")
# UTF-8 read as Windows-1252 or Latin-1. One pair is enough where no language writes it; before a
# quote or a dash a capital letter may stand by right, so more is asked for there.
_MISREAD: Final = re.compile(
    "Ã[\u00a1-\u00ba\u00bc-\u00bf€ƒ„†‡ˆ‰Š‹ŒŽœžŸ™š›]"  # é ü ñ and their like
    "|(?<=[a-z])Ã[\u00a0»]|Ã[‘’“”•–—˜](?=[a-z])"
    "|Â[\u00a1-\u00ba\u00bc-\u00bf]|(?<![^\\W\\da-z_])Â[\u00a0»]"  # £ ° and their like
    "|â€[™œ\u009d˜¦“”¢]|â„¢|â‚¬|ï»¿|ðŸ"  # quotes, dashes, the euro, the byte order mark, emoji
    f"|(?:[\u00c3-\u00df]{_NEXT}){{3,}}|(?:[à-ï]{_NEXT}{{2}}){{2,}}"  # other alphabets
)
# Most texts have nothing of all that, and this says so in one look.
_SUSPICIOUS: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd-\uffff\ud800-\udfff]|[\u00c2-\u00f0][^a-zA-Z ]"
)
_INVISIBLE: Final = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]*"
)


def is_encodable(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which UTF-8 cannot hold."""
    return text.isascii() or _SURROGATES.search(text) is None


def is_invisible(text: str) -> bool:
    """Whether nobody sees anything in it: blanks, zero-width characters, fillers."""
    return not text.isascii() and _INVISIBLE.fullmatch(text) is not None


def is_sound(text: str) -> bool:
    """Whether `damage_in` finds nothing."""
    return _SUSPICIOUS.search(text) is None or damage_in(text) is None


def damage_in(text: str) -> str | None:
    """What is broken in a text and where, in words; None for a sound one.

    Found are U+FFFD, control characters (blanks apart) and UTF-8 that was read as Windows-1252 or
    Latin-1, such as "cafÃ©". Accented capitals beside quotes and dashes are no damage.
    """
    if found := _REPLACED.search(text):
        return f"holds U+FFFD, which stands for a lost character, {_at(found)}"
    if found := _CONTROL.search(text):
        return f"holds the control character U+{ord(found.group()):04X} {_at(found)}"
    if found := _MISREAD.search(text):
        return f"holds {found.group()[:12]!r} {_at(found)}: UTF-8 that was read as Windows-1252"
    return None


def _at(found: re.Match[str]) -> str:
    return f"at character {found.start() + 1}"
