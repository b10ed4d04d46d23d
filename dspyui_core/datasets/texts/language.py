"""The script and the language of a text: by Unicode's names of letters, and by common words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from dspyui_core.text import words

# A text is looked at up to here: more does not change what language it is in.
_LOOKED_AT: Final = 4_000
_LEAST_LETTERS: Final = 4
_MAIN_SHARE: Final = 0.6
# Of the words of running text in a language a quarter and more are common ones of it.
_LEAST_COMMON: Final = 0.15
_LEAD: Final = 1.5
_SCRIPTS: Final[Mapping[str, str]] = {
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "CJK": "Chinese or Japanese",
    "HANGUL": "Korean",
}
_COMMON: Final[Mapping[str, str]] = {
    "English": "the and of to in is that it for was on are with as be this have from or by"
    " not but at you i my we they what can your will how do does did has an if there when"
    " which would a get me don't",
    "German": "der die das und ist ich nicht ein eine zu den mit es auf für sie von dem im"
    " wie bitte sich auch aber wir haben hat war bei kann mir mein meine wird noch nach oder"
    " wenn einen",
    "French": "le la les des est et un une je pas de du que qui dans pour sur avec vous nous"
    " il elle ne ce en au mon ma mes plus mais comment sont être avoir par cette ai a été où",
    "Spanish": "el la los las de que y en un una es no por con para mi se lo su como está más"
    " pero qué al del me ha yo cómo este esta si hay tengo puedo son fue muy sin sobre",
    "Italian": "il la le di che è non un una per con mi sono come del della ho lo gli nel"
    " alla più ma si da al mio mia questo questa posso anche ha dei delle perché essere cosa",
    "Portuguese": "o a os as de que não um uma para com em do da por meu minha está mais como"
    " no na eu se é ao dos das mas foi são você ele ela isso posso tem muito quando",
    "Dutch": "de het een en van ik is niet op te dat in mijn met voor zijn er aan wat hoe kan"
    " maar ook je naar om bij heeft deze dit wordt was als ben mij heb nog dan",
    "Polish": "i w nie na się że do jest z to jak mam moje moja mój czy za po co ale od tak"
    " przez dla o być jestem już mogę tego tylko są ten ta było które",
    "Turkish": "bir ve bu için ne ben de da çok nasıl mi değil var ama daha gibi kadar olarak"
    " ile olan benim en o sonra şey her kart yok neden mı mu",
    "Finnish": "ja on ei se että minun olen en oli mutta kun tai niin miten mitä voi ovat hän"
    " tämä joka myös jos kuin ole mikä sen nyt vain olla mun",
    "Czech": "a je se na v že to s z do jak mi jsem ale pro po by co tak za od jsou nebo když"
    " která který moje můj být již může není aby také",
    "Danish, Norwegian or Swedish": "och att det i en jag är inte som på för med till den har"
    " av kan min mitt om vad hur ett var men så de från vi eller när där skulle ska blir detta"
    " og at jeg er ikke for til af mit hvad hvordan et fra når der skal bliver dette hva",
}


def script_of(text: str) -> str | None:
    """The script that most letters of a text belong to; None where no script has most."""
    letters = [_script(c) for c in text[:_LOOKED_AT] if c.isalpha()]
    if len(letters) < _LEAST_LETTERS:
        return None
    counts = Counter(letters)
    if counts["Japanese"]:
        # Japanese mixes its own two scripts with Chinese characters.
        counts["Japanese"] += counts.pop("Chinese or Japanese", 0)
    script, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    return script if count >= _MAIN_SHARE * len(letters) else None


def language_of(text: str, minimum_words: int) -> str | None:
    """The language whose common words a text uses; None with few words, or where two are level."""
    found = words(text[:_LOOKED_AT])
    if len(found) < minimum_words:
        return None
    profiles = _profiles()
    shares = sorted(
        (sum(word in common for word in found) / len(found), language)
        for language, common in profiles.items()
    )
    (second, _), (best, language) = shares[-2:]
    return language if best >= _LEAST_COMMON and best >= _LEAD * second else None


@lru_cache(maxsize=4_096)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split(" ")[0].split("-")[0]
    return _SCRIPTS.get(name, name.capitalize())


@lru_cache(maxsize=1)
def _profiles() -> Mapping[str, frozenset[str]]:
    return {language: frozenset(listed.split()) for language, listed in _COMMON.items()}
