"""The inbox as a person reads it: a table of items, and one item with all there is to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from deployments.cli import output
from dspyui_core.datasets.reports.report import DOUBTED
from dspyui_core.review import ReviewItem, told_problems

LONGEST = 60
_PLURALS = {"row": "rows", "sample": "samples", "promotion": "promotions", "rollback": "rollbacks"}


def show_items(items: Sequence[ReviewItem], counts: Mapping[str, int]) -> None:
    """Print the items, and how many are open."""
    if not items:
        output.text(f"nothing of that in the inbox; {counted(counts)}")
        return
    states = {item.state for item in items} != {"open"}
    table = Table("item", "program", "kind", *(["state"] if states else []), "what", "since")
    for item in items:
        state = [item.state] if states else []
        what = _shortened(_what(item))
        since = f"{item.opened_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(item.seq), item.program, item.kind, *state, what, since)
    console = output.console()
    console.print(table)
    console.print(counted(counts), markup=False)


def show_item(item: ReviewItem) -> None:
    """Print one item."""
    console = output.console()
    for line in _lines(item):
        console.print(line, markup=False, soft_wrap=True)


def counted(counts: Mapping[str, int]) -> str:
    """`3 open: 1 row, 2 samples`."""
    named = (f"{n} {kind if n == 1 else _PLURALS[kind]}" for kind, n in counts.items())
    return f"{sum(counts.values())} open: {', '.join(named)}" if counts else "0 open"


def values_line(values: Mapping[str, Any]) -> str:
    """Values by name on one line."""
    return ", ".join(f"{name}: {_plain(value)}" for name, value in values.items())


def _what(item: ReviewItem) -> str:
    content = item.content
    if item.kind == "sample":
        return values_line(content["inputs"])
    if item.kind == "row":
        place = f"row {content['row']} of {content['source']}" if content["row"] else ""
        return ": ".join(part for part in (place, told_problems(content)[0]) if part)
    if item.kind == "promotion":
        return f"version {content['version']} of turn {content['turn']} waits"
    return _rolled_back(content)


def _rolled_back(content: Mapping[str, Any]) -> str:
    if content.get("dropped"):
        return f"version {content['version']} scores worse than when it was released"
    if content.get("harms"):
        return f"version {content['version']} harms, and a person holds it"
    instead = content.get("instead_of")
    was = "" if instead is None else f" instead of version {instead}"
    return f"version {content['version']} serves again{was}"


def _lines(item: ReviewItem) -> Iterator[str]:
    yield f"{item.program}: item {item.seq}, a {item.kind}, {item.state}"
    yield from _told(item)
    if item.state == "open":
        yield f"  since {item.opened_at:%Y-%m-%d %H:%M:%S}"
        yield from (f"  dspyui review {words}" for words in _choices(item))
        return
    yield f"  {item.state} by {item.actor}, {item.decided_at:%Y-%m-%d %H:%M:%S}"
    if item.answer is not None:
        yield f"  {values_line(item.answer)}"
    if item.comment:
        yield f"  • {item.comment}"


def _told(item: ReviewItem) -> Iterator[str]:
    content = item.content
    if item.kind in ("promotion", "rollback"):
        yield f"  {_what(item)}"
        scores: Mapping[str, Any] = content.get("scores") or {}
        yield from (
            f"  {who:<10} {score:.3f}" for who, score in scores.items() if score is not None
        )
        yield from (f"  • {reason}" for reason in content["reasons"])
        return
    if content.get("row") is not None:
        yield f"  row {content['row']} of {content['source']}"
    for name, value in (content.get("inputs") or {}).items():
        yield f"  {name}: {_plain(value)}"
    if content.get("answered"):
        yield f"  answered  {values_line(content['answered'])}"
    for word in content.get("said", ()):
        yield f"  {word['user'] or 'nobody named'} says  {values_line(word['labels'])}"
    for problem in content.get("problems", ()):
        yield f"  • {problem['column']}: {problem['reason']}"
        yield f"    found {problem['value']!r}; {problem['remedy']}"


def _choices(item: ReviewItem) -> tuple[str, ...]:
    """The commands that decide it."""
    reject = f"reject {item.seq} --reason WHY"
    if item.kind == "rollback":
        return (f"accept {item.seq}",)
    if item.kind == "promotion":
        return f"accept {item.seq} --reason WHY", reject
    if item.content.get("inputs") is None:
        doubted = all(p["check"] == DOUBTED for p in item.content["problems"])
        return (f"accept {item.seq}",) if doubted else (reject,)
    return f"accept {item.seq} --label OUTPUT=VALUE", reject


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
