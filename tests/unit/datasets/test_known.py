"""The near-duplicate index beside the ledger: it follows, it may be lost, and it holds no text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import blank_texts, fold_dataset, row_key, settle
from dspyui_core.datasets.near.grams import Vocabulary
from dspyui_core.datasets.near.index import Collection
from dspyui_core.datasets.near.stored import Stored, load_collection, save_collection
from dspyui_core.datasets.splitting.known import keep_index, known_in_store
from dspyui_core.datasets.splitting.ledger import NewPlace, Place, extend_ledger
from dspyui_core.errors import StoreError
from dspyui_core.spec import ProgramSpec
from dspyui_core.storage import Derived
from dspyui_core.text import character_ngrams
from unit.datasets.helpers import AT, make_spec, topics, write_csv

SIMILARITY = 0.7
BASE = "i lost my card at the station yesterday"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Derived(tmp_path).near("p")


def known_texts(engine: Engine, *texts: str, after: int = 0) -> None:
    new = [
        NewPlace(row_key({"text": text}), Place("train", "g", text), "gold", "r.csv")
        for text in texts
    ]
    extend_ledger(engine, "p", new, after=after, at=AT)


def found(engine: Engine, folder: Path | None, text: str, **options: Any) -> list[int]:
    known = known_in_store(engine, "p", (), folder=folder, **options)
    return sorted(known.compare([text], SIMILARITY).known.right.tolist())


def keep(engine: Engine, folder: Path, said: list[str] | None = None) -> None:
    keep_index(engine, "p", folder, SIMILARITY, on_progress=None if said is None else said.append)


def test_what_came_since_is_found_and_only_that_is_read(engine: Engine, folder: Path) -> None:
    known_texts(engine, BASE, *(row["text"] for row in topics(40)))
    keep(engine, folder)
    before = {path.name for path in folder.glob("segment-*")}
    known_texts(engine, BASE + "!", after=41)

    keep(engine, folder)

    assert found(engine, folder, BASE) == [1, 42]
    assert before < {path.name for path in folder.glob("segment-*")}


def test_who_only_looks_finds_the_same_and_writes_nothing(engine: Engine, folder: Path) -> None:
    known_texts(engine, BASE)

    assert found(engine, folder, BASE + "!") == found(engine, None, BASE + "!") == [1]
    assert not folder.exists()


@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "manifest", "format"])
def test_a_lost_or_damaged_index_is_made_again_and_it_is_said(
    engine: Engine, folder: Path, damage: str
) -> None:
    known_texts(engine, BASE)
    keep(engine, folder)
    members = next(folder.glob("segment-members-*"))
    content, manifest = members.read_bytes(), folder / "manifest.json"
    match damage:
        case "gone":
            members.unlink()
        case "cut":
            members.write_bytes(content[:-4])
        case "flipped":
            members.write_bytes(content[:-4] + bytes(byte ^ 1 for byte in content[-4:]))
        case "manifest":
            manifest.write_text("{")
        case "format":
            manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 0'))
    said: list[str] = []

    known = known_in_store(engine, "p", (), folder=folder, keep=True, on_progress=said.append)

    assert known.compare([BASE], SIMILARITY).known.right.tolist() == [1]
    assert said == ["the near-duplicate index is damaged or of another version, making it again"]
    assert load_collection(folder) is not None


def test_an_index_of_another_ledger_or_similarity_is_not_used(engine: Engine, folder: Path) -> None:
    known_texts(engine, BASE)
    save_collection(
        folder,
        Stored(
            Collection.empty(SIMILARITY).extended([BASE, BASE], [1, 2]),
            {"last": 1, "key": "another", "entries": 2, "texts": 2},
        ),
    )
    said: list[str] = []

    keep(engine, folder, said)
    keep_index(engine, "p", folder, 0.5, on_progress=said.append)

    assert found(engine, folder, BASE) == [1]
    assert (
        said == ["the near-duplicate index does not fit the ledger any more, making it again"] * 2
    )


def test_a_forgotten_text_is_not_found_any_more_although_its_index_was_left(
    engine: Engine, folder: Path
) -> None:
    known_texts(engine, BASE, "something else")
    keep(engine, folder)

    blank_texts(engine, "p", {row_key({"text": BASE})}, gold_too=True)

    assert found(engine, folder, BASE) == []
    assert found(engine, folder, "something else") == [2]


def test_dropping_removes_all_of_a_program_and_nothing_of_another(tmp_path: Path) -> None:
    derived = Derived(tmp_path)
    for program in ("p", "q"):
        texts = Collection.empty(SIMILARITY).extended([BASE], [1])
        save_collection(derived.near(program), Stored(texts, {"last": 1}))

    derived.drop("p")
    derived.drop("p")

    assert not derived.near("p").exists()
    assert load_collection(derived.near("q")) is not None


def test_what_cannot_be_dropped_is_an_error_that_names_it(tmp_path: Path) -> None:
    derived = Derived(tmp_path)
    derived.near("p").parent.mkdir(parents=True)
    derived.near("p").write_text("no folder")

    with pytest.raises(StoreError, match="near/p cannot be removed"):
        derived.drop("p")


def test_an_index_that_cannot_be_written_is_said_and_nothing_else(
    engine: Engine, folder: Path
) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    known_texts(engine, BASE)
    said: list[str] = []

    keep(engine, folder, said)

    assert "cannot be kept" in said[-1]
    assert found(engine, folder, BASE) == [1]


def test_no_text_is_in_its_files(engine: Engine, folder: Path) -> None:
    known_texts(engine, BASE)

    keep(engine, folder)

    content = b"".join(path.read_bytes() for path in folder.iterdir())
    words = [word for word in BASE.split() if len(word) > 4]
    for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
        assert not any(word.encode(encoding) in content for word in words)


def test_settling_keeps_the_index_of_what_it_decided_and_a_blocked_dataset_keeps_none(
    tmp_path: Path, engine: Engine
) -> None:
    derived = Derived(tmp_path)

    def settled(spec: ProgramSpec) -> bool:
        found = fold_dataset(spec, (), upto=0)
        return settle(found, engine, tmp_path / "s", derived=derived).report.blocked

    good = make_spec(str(write_csv(tmp_path / "r.csv", topics(40))))
    bad = make_spec(str(write_csv(tmp_path / "w.csv", topics(1))))

    assert not settled(good)
    assert settled(bad.model_copy(update={"name": "q"}))

    stored = load_collection(derived.near("p"))
    assert stored is not None
    assert (len(stored.texts), stored.mark["entries"]) == (40, 40)
    assert not derived.near("q").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "abc",
        "abcd",
        "aaaaaaaa",
        "ab\0cd",
        "Straße",
        "日本語のテキスト",
        "😀😁😂🤣😃",
        "a😀b",
    ],
)
def test_grams_as_numbers_are_as_many_as_grams_as_texts(text: str) -> None:
    words = Vocabulary.empty().extended([text, "abcdefgh"])

    sizes = words.sets([text, "abcdefgh"]).sizes

    assert sizes.tolist() == [len(character_ngrams(text, 4)), 5]
    assert len(words) == len(character_ngrams(text, 4) | character_ngrams("abcdefgh", 4))


def test_a_collection_grows_in_few_segments_and_keeps_the_order_of_its_grams() -> None:
    texts = [row["text"] for row in topics(300)]
    grown = Collection.empty(SIMILARITY).extended(texts[:100], range(100))

    for number in range(100, 199):
        before = grown.vocabulary
        grown = grown.extended([texts[number]], [number])
        held = np.isin(grown.vocabulary.codes, before.codes)
        assert np.array_equal(grown.vocabulary.ids[held], before.ids)

    assert len(grown) == 199
    assert len(grown.segments) <= 8
    sizes = [len(segment) for segment in grown.segments]
    assert all(large >= 2 * small for large, small in pairwise(sizes))


@pytest.mark.parametrize("texts", [["", "?"], ["", ""], ["a", "b", "a b c d e"]])
def test_what_is_kept_comes_back(folder: Path, texts: list[str]) -> None:
    kept = Collection.empty(SIMILARITY).extended(texts, range(5, 5 + len(texts)))

    save_collection(folder, Stored(kept, {"last": 7}))
    read = load_collection(folder)

    assert read is not None
    assert read.mark == {"last": 7}
    assert len(read.texts) == len(texts)
    for text in (*texts, "A", "a b c d e f"):
        before, after = kept.near([text]), read.texts.near([text])
        assert before.right.tolist() == after.right.tolist()
