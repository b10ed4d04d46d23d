"""`language_change`: corrections in a script or language that the program does not answer in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dspyui_core.datasets.checks.objecting import CorrectionCheck
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.texts.language import language_of, script_of
from dspyui_core.spec import LanguageChangeSpec

# How much of the gold answers a language needs to be one that the program answers in.
_SHARE: Final = 0.05
_REMEDY = "look at it; where it is right, accept it with its labels in the inbox"
Told = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class _Usual:
    """The scripts and the languages of one output's gold answers; empty where unknown."""

    scripts: frozenset[str]
    languages: frozenset[str]


class LanguageChange(CorrectionCheck):
    """Compares the text outputs of feedback with the inputs and with the gold answers.

    What is in the language of its input, or in one of the gold answers, is no change.
    """

    name = "language_change"
    what = "of feedback with an answer in another script or language"
    Options = LanguageChangeSpec
    gold_rows = 300

    def compare(self, name: str, said: Sequence[Row], gold: Sequence[Row]) -> Iterator[Finding]:
        """A finding for each row whose output is in a new script or language."""
        usual = self._usual([text for row in gold if (text := _text(row, name))])
        for row in said:
            yield from self._found(row, name, usual)

    def _found(self, row: Row, name: str, usual: _Usual) -> Iterator[Finding]:
        text = _text(row, name)
        given = " ".join(value for value in row.inputs.values() if isinstance(value, str))
        change = _change(script_of, text, given, usual.scripts) or _change(
            self._language, text, given, usual.languages
        )
        if change:
            yield self.objection(row, name, change, text, _REMEDY)

    def _usual(self, texts: Iterable[str]) -> _Usual:
        known = list(texts)
        return _Usual(_frequent(script_of, known), _frequent(self._language, known))

    def _language(self, text: str) -> str | None:
        return language_of(text, self._options.minimum_words)


def _text(row: Row, name: str) -> str:
    value = row.labels.get(name)
    return value if isinstance(value, str) else ""


def _frequent(told: Told, texts: Iterable[str]) -> frozenset[str]:
    counts = Counter(kind for text in texts if (kind := told(text)) is not None)
    return frozenset(kind for kind, n in counts.items() if n >= _SHARE * counts.total())


def _change(told: Told, text: str, given: str, usual: frozenset[str]) -> str:
    """What is new about a text in words; empty where nothing is, or nobody can say."""
    kind, source = told(text), told(given)
    if kind is None or kind == source or kind in usual or not (usual or source):
        return ""
    others = sorted(usual) or [str(source)]
    return f"is in {kind}, where answers are in {' or '.join(others)}"
