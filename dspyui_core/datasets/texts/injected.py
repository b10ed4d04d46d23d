"""Signs that a text speaks to the LM rather than to people: orders, roles, markup."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from dspyui_core.datasets.texts.hidden import hidden_in, without_hidden

_GAP: Final = r"[^.!?\n]{0,40}?"
_ORDERED: Final = (
    rf"\b(?:ignore|disregard|forget|override|bypass|neglect){_GAP}\b(?:previous|prior|above|earlier"
    rf"|preceding|system|all|your)\b{_GAP}\b(?:instructions?|prompts?|rules|directions"
    r"|guidelines|directives|restrictions|safeguards)\b",
    rf"\b(?:ignore|disregard|forget|override|bypass) (?:the|any|these|those)\b{_GAP}"
    r"\b(?:instructions|guidelines|system prompt)\b",
    rf"\bignorier\w*\b{_GAP}\b(?:anweisung|instruktion|regel|vorgabe)\w*",
    rf"\b(?:ignore[rz]?|oublie[rz]?)\b{_GAP}\b(?:instructions|consignes|règles)\b",
    rf"\b(?:ignora|ignore|olvida)\b{_GAP}\b(?:instrucciones|indicaciones|reglas|istruzioni"
    r"|instruções)\b",
    r"\bfrom now on,? (?:always|never|you|answer|respond|reply|classify|label|output|return)\b",
    rf"\b(?:regardless of|no matter what|whatever){_GAP}\b(?:always )?(?:answer|respond|reply"
    r"|classify|label|output|return) (?:with|as|only)\b",
    r"\byou are now (?:dan\b|in (?:developer|debug|god|admin) mode|jailbroken|unrestricted"
    r"|(?:an? )?(?:\w+ ){0,3}(?:ai|assistant|chatbot|model)\b)",
    rf"\b(?:reveal|print|show|repeat|output|leak|display|tell me){_GAP}\b(?:system prompt"
    r"|(?:your|the) (?:initial |hidden |original |secret )?(?:instructions|prompt))\b",
    r"\b(?:new|updated|important|real) (?:system )?instructions? ?:",
    r"\b(?:system|developer|hidden) prompt ?[:=]",
)
_ROLES: Final = (
    r"<\|[a-z_]{2,40}\|>",
    r"\[/?inst\]|<</?sys>>",
    r"</?(?:system|assistant|instructions?|system_prompt|developer)>",
    r"^\s{0,20}#{2,4} ?(?:system|instructions?|assistant|response)\b ?:?\s*$",
    r"^\s{0,20}(?:system|assistant|developer) ?: ?(?:you|your|ignore|always|never|from|answer"
    r"|respond|reply|do|new|override|disregard)\b",
    # How DSPy itself marks the fields of a prompt.
    r"\[\[ ?## ?\w{1,60} ?## ?\]\]",
)
_MARKUP: Final = (
    r"</?(?:tool_call|tool_response|function_call|function_calls|invoke|tool_use)\b",
    r"[\"'](?:tool_calls|function_call)[\"'] ?:",
    r"<(?:script|iframe|object|embed)\b|\bon(?:error|load|click) ?= ?[\"']|javascript:",
    r"!\[[^\]\n]{0,200}\]\(https?://[^\s)]{1,2000}[?&=]",
)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.I | re.M)


_SIGNS: Final = {
    "gives the LM orders": _any_of(_ORDERED),
    "plays a role of the conversation": _any_of(_ROLES),
    "holds markup that calls tools or loads something": _any_of(_MARKUP),
}


def signs_in(text: str, longest_blob: int) -> tuple[str, ...]:
    """What of a text looks like instructions, in words; empty where nothing does.

    Encoded runs of `longest_blob` characters and more count as hidden text. Look-alike forms of
    letters and characters that nobody sees do not help a sign to go unseen.
    """
    plain = unicodedata.normalize("NFKC", without_hidden(text))
    plain = re.sub(r"[ \t\f\v]+", " ", plain)
    seen = [sign for sign, pattern in _SIGNS.items() if pattern.search(plain)]
    return (*seen, *hidden_in(text, longest_blob))
