from __future__ import annotations

from dspyui_core.datasets import Row, content_hash, input_text, row_key


def row(text: str, intent: str, trust: str = "gold") -> Row:
    return Row.of({"text": text}, {"intent": intent}, trust, source="r.csv")  # type: ignore[arg-type]


def test_the_key_covers_every_input_normalised_and_never_the_label() -> None:
    assert row("My  Card", "a").key == row("my card ", "b").key
    assert row_key({"text": "my card", "lang": "en"}) != row_key({"text": "my card", "lang": "de"})


def test_a_new_optional_input_leaves_old_keys_as_they_are() -> None:
    assert row_key({"text": "a"}) == row_key({"text": "a", "note": None})


def test_the_row_id_tells_labels_apart() -> None:
    assert row("a", "x").row_id != row("a", "y").row_id


def test_the_content_hash_ignores_order_and_sees_labels_trust_and_wording() -> None:
    one, two = row("a", "x"), row("b", "y")

    assert content_hash([one, two]) == content_hash([two, one])
    others = [row("b", "x"), row("b", "y", "proposed"), row("B", "y")]
    assert len({content_hash([one, other]) for other in (two, *others)}) == 4


def test_the_input_text_joins_all_values_in_the_order_of_their_names() -> None:
    assert input_text({"b": "Two  Words", "a": 1, "c": None, "d": ["x"]}) == '1 two words ["x"]'
