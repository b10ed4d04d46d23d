"""Personal data in texts: where it is, what kind it is, and the text with it masked.

Patterns propose and checksums decide, so that an ordinary number is no card. Names and addresses
are not recognised: no pattern tells them from other words. Takes time linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Final, Literal

PersonalKind = Literal[
    "e-mail", "phone", "card", "IBAN", "IP address", "key", "social security number"
]
Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Personal:
    """One find: its kind and the characters `start` up to, not including, `end`."""

    kind: PersonalKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A pattern whose group 1, or else whole match, is a find where `holds` says so.

    It is not searched in a text of fewer `digits`, or of which the `hint` is false: there is none.
    """

    kind: PersonalKind
    pattern: re.Pattern[str]
    holds: Test
    hint: Test
    digits: int = 0

    def may_find(self, text: str, digits: int) -> bool:
        """Whether it has to be searched in a text with so many digits."""
        return digits >= self.digits and self.hint(text)

    def finds(self, text: str) -> Iterator[Personal]:
        group = 1 if self.pattern.groups else 0
        for match in self.pattern.finditer(text):
            if self.holds(match[group]):
                yield Personal(self.kind, *match.span(group))


def found_in(text: str) -> tuple[Personal, ...]:
    """The personal data in a text, in its order; finds do not overlap, the surest kind wins."""
    taken: list[Personal] = []
    digits = digits_in(text)
    for recogniser in recognisers():
        if not recogniser.may_find(text, digits):
            continue
        starts = [find.start for find in taken]
        finds = [find for find in recogniser.finds(text) if _is_free(find, taken, starts)]
        taken = sorted((*taken, *finds), key=lambda find: find.start)
    return tuple(taken)


def digits_in(text: str) -> int:
    """How many of the digits 0 to 9 a text has."""
    return sum(map(text.count, _DIGITS))


def mask(text: str) -> str:
    """The text with every find replaced by its kind, as in `[e-mail]`; other texts as they are."""
    parts, at = [], 0
    for find in found_in(text):
        parts += [text[at : find.start], f"[{find.kind}]"]
        at = find.end
    return "".join((*parts, text[at:])) if parts else text


def _is_free(find: Personal, taken: Sequence[Personal], starts: Sequence[int]) -> bool:
    after = bisect_left(starts, find.end)
    return after == 0 or taken[after - 1].end <= find.start


_DIGITS: Final = "0123456789"
_KEY: Final = re.compile(
    r"(?<![\w-])(?:"
    r"(?:sk|pk|rk)[-_][\w-]{16,200}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[pousr]_\w{20,100}|github_pat_\w{20,100}|glpat-[\w-]{20,100}"
    r"|xox[abprs]-[\w-]{10,200}|AIza[\w-]{30,50}|hf_[A-Za-z]{20,60}"
    r"|eyJ[\w-]{8,4000}\.eyJ[\w-]{8,8000}(?:\.[\w-]{0,1000})?"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8000}(?:-----END [A-Z ]{0,30}KEY-----)?"
    r")"
)
_LOGIN: Final = re.compile(
    r"(?<!\w)[a-z][a-z0-9+.-]{1,20}://([^\s/:@]{1,100}:[^\s/@]{1,100})@", re.I
)
_SECRET: Final = re.compile(
    r"(?<!\w)(?:password|passwd|passcode|passwort|pwd|secret|token|api[ _-]?key|access[ _-]?key)"
    r"(?: ?[:=] ?| is )[\"']?([^\s\"',;]{6,200})",
    re.I,
)
_EMAIL: Final = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
_IBAN: Final = re.compile(
    r"(?<!\w)[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?!\w)", re.I
)
_CARD: Final = re.compile(r"(?<![\w.,+])(?<![0-9][ -])(?:[0-9][ -]?){12,18}[0-9](?!\w|[ -]?[0-9])")
_SOCIAL: Final = re.compile(
    r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])"
)
_IPV4: Final = re.compile(
    r"(?<![\w.])(?<!version )(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9])", re.I
)
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}(?![\w:])", re.I)
_ABROAD: Final = re.compile(r"(?<![\w+])(?:\+|00)[1-9][0-9 ()./-]{6,22}[0-9](?!\w)")
_AMERICAN: Final = re.compile(
    r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[0-9]{3}[ .-][0-9]{4}(?!\w|-)"
)
_AT_HOME: Final = re.compile(
    r"(?<![\w.,+-])(?:\(0[0-9]{1,4}\)|0[0-9]{1,4})[ /-][0-9]{2,8}(?:[ -][0-9]{2,6}){0,4}"
    r"(?!\w|[-./][0-9])"
)


@cache
def recognisers() -> tuple[Recogniser, ...]:
    """In the order of how sure their finds are."""
    return (
        Recogniser("key", _KEY, _always, _has("-", "_", "AKIA", "ASIA", "AIza", "eyJ")),
        Recogniser("key", _LOGIN, _always, _has("://")),
        Recogniser("e-mail", _EMAIL, _always, _has("@")),
        Recogniser("key", _SECRET, _is_secret, _speaks_of_a_secret),
        Recogniser("IBAN", _IBAN, _is_iban, _always, 2),
        Recogniser("card", _CARD, _is_card, _always, 13),
        Recogniser("social security number", _SOCIAL, _always, _has("-"), 9),
        Recogniser("IP address", _IPV4, _is_address, _has("."), 4),
        Recogniser("IP address", _IPV6, _is_address, _has(":")),
        Recogniser("phone", _ABROAD, _is_number_abroad, _has("+", "00"), 2),
        Recogniser("phone", _AMERICAN, _always, _always, 10),
        Recogniser("phone", _AT_HOME, _has_a_numbers_length, _always, 9),
    )


def _always(_: str) -> bool:
    return True


def _has(*marks: str) -> Test:
    return lambda text: any(mark in text for mark in marks)


def _speaks_of_a_secret(text: str) -> bool:
    folded = text.casefold()
    return any(word in folded for word in ("pass", "pwd", "secret", "token", "key"))


def _is_secret(value: str) -> bool:
    # "my password is incorrect" gives nothing away.
    return any(c.isdigit() for c in value) and any(not c.isdigit() for c in value)


def _is_iban(value: str) -> bool:
    from stdnum import iban

    return bool(iban.is_valid(value, check_country=False))


def _is_card(value: str) -> bool:
    """ISO/IEC 7812: 13 to 19 digits of a payment network, the last of them Luhn's check digit."""
    from stdnum import luhn

    digits = re.sub(r"\D", "", value)
    return digits[0] in "23456" and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


def _is_address(value: str) -> bool:
    try:
        address = ip_address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_number_abroad(value: str) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(re.sub(r"^00", "+", value)))
    except phonenumbers.NumberParseException:
        return False


def _has_a_numbers_length(value: str) -> bool:
    return 9 <= sum(c.isdigit() for c in value) <= 12
