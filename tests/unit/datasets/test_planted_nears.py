"""Near-duplicates planted across the splits are all found, and no clean row is refused for one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from dspyui_core.datasets import Row, input_text
from dspyui_core.datasets.near.index import GRAM_SIZE
from dspyui_core.datasets.splitting.assigning import Assigned, preview
from dspyui_core.spec import Shares
from dspyui_core.text import character_ngrams, jaccard
from unit.datasets.helpers import topics
from unit.datasets.test_growing import fold_of, gold, said

SIMILARITY = 0.7
CLEAN = [row["text"] for row in topics(300)]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def changed(text: str, draw: random.Random) -> str:
    """The text with some letters replaced."""
    letters = list(text)
    for place in draw.sample(range(len(letters)), draw.randrange(1, 4)):
        letters[place] = draw.choice(LETTERS)
    return "".join(letters)


def planted(share: int, seed: int) -> list[tuple[str, str]]:
    """Texts with a changed copy of each: `share` pairs, all of them near duplicates."""
    draw = random.Random(seed)
    pairs = []
    while len(pairs) < share:
        text = CLEAN[len(pairs)]
        copy = changed(text, draw)
        if copy != text and near(text, copy):
            pairs.append((text, copy))
    return pairs


def near(text: str, other: str) -> bool:
    grams = (character_ngrams(input_text({"text": one}), GRAM_SIZE) for one in (text, other))
    return jaccard(*grams) >= SIMILARITY


def decided(rows: Sequence[Row]) -> Assigned:
    return preview(fold_of(rows), Shares(), SIMILARITY)


def test_every_planted_pair_across_the_splits_is_quarantined_and_no_clean_row_is() -> None:
    pairs = planted(100, seed=1)
    originals = [gold(text, "holdout") for text in CLEAN]
    copies = [gold(copy, "train") for _, copy in pairs]

    assigned = decided([*originals, *copies])

    found = {finding.problem.value for finding in assigned.findings}
    assert found == {copy for _, copy in pairs}
    assert {row.inputs["text"] for row in assigned.rows} == {*CLEAN}


def test_every_planted_pair_without_a_split_is_put_on_one_side() -> None:
    pairs = planted(100, seed=2)

    assigned = decided([gold(text) for text in (*CLEAN, *(copy for _, copy in pairs))])

    split = {row.inputs["text"]: row.split for row in assigned.rows}
    assert len(split) == len(CLEAN) + 100
    assert [split[text] for text, _ in pairs] == [split[copy] for _, copy in pairs]


def test_feedback_near_the_holdout_is_parked_and_so_is_what_reaches_it_through_that() -> None:
    held = "aaaa bbbb cccc dddd eeee ffff gggg hhhh"
    between = "bbbb cccc dddd eeee ffff gggg hhhh"
    beyond = "cccc dddd eeee ffff gggg hhhh iiii"
    chain = [between, beyond]
    assert near(held, between)
    assert near(between, beyond)
    assert not near(held, beyond)

    alone = decided([gold(held, "holdout"), said(beyond)])
    together = decided([gold(held, "holdout"), *map(said, chain)])

    assert [row.inputs["text"] for row in alone.of("train")] + [
        row.inputs["text"] for row in alone.of("validation")
    ] == [beyond]
    assert [row.inputs["text"] for row in together.parked] == chain
    assert [row.inputs["text"] for row in together.rows] == [held]


def test_feedback_that_meets_the_holdout_through_a_refused_row_is_parked_too() -> None:
    held = "aaaa bbbb cccc dddd eeee ffff gggg hhhh"
    bridge = "bbbb cccc dddd eeee ffff gggg hhhh"
    beyond = "cccc dddd eeee ffff gggg hhhh iiii"

    assigned = decided([gold(held, "holdout"), gold(bridge, "train"), said(beyond)])

    assert [finding.problem.value for finding in assigned.findings] == [bridge]
    assert [row.inputs["text"] for row in assigned.parked] == [beyond]
