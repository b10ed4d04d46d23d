"""Modules: a signature becomes a program; demos are retrieved per input and never leak."""

from __future__ import annotations

import asyncio
import copy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import dspy
import pytest

from dspyui_core.errors import ProgramError, SpecError
from dspyui_core.fields import Field
from dspyui_core.lms import EMBEDDED_LM, open_lm, using_lm
from dspyui_core.modules import DemoMemory, RetrievedDemos, create_dspy_module
from dspyui_core.own_code import import_python
from dspyui_core.signatures import build_signature, create_custom_signature
from dspyui_core.spec import Choice
from dspyui_core.testing import ScriptedLM, tiny_rows, tiny_spec

SIGNATURE = build_signature(tiny_spec().signature)
ROWS = [{"text": "red apple", "topic": "a"}, {"text": "blue sky", "topic": "b"}]


def memory_of(*texts: str) -> DemoMemory:
    return DemoMemory([{"text": text, "topic": text} for text in texts])


def test_a_signature_has_the_types_and_words_of_the_spec() -> None:
    fields = (
        Field(name="kind", type="literal", values=("x", "y"), description="which one"),
        Field(name="tags", type="list", items=Field(name="item", type="int")),
        Field(name="note", optional=True),
    )

    signature = create_custom_signature([Field(name="text")], fields, "Sort it.")

    types = {name: field.annotation for name, field in signature.output_fields.items()}
    assert types == {"kind": Literal["x", "y"], "tags": list[int], "note": str | None}
    assert signature.instructions == "Sort it."
    assert signature.output_fields["kind"].json_schema_extra["desc"] == "which one"
    assert list(signature.input_fields) == ["text"]


def test_two_signatures_of_one_spec_are_not_the_same_class() -> None:
    assert build_signature(tiny_spec().signature) is not SIGNATURE


@pytest.mark.parametrize(
    ("name", "kind"), [("predict", dspy.Predict), ("chain_of_thought", dspy.ChainOfThought)]
)
def test_the_built_in_modules_are_those_of_dspy(name: str, kind: type) -> None:
    assert isinstance(create_dspy_module(Choice(name=name), SIGNATURE), kind)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_modules", raising=False)
    (tmp_path / "own_modules.py").write_text(
        "import dspy\n"
        "class Twice(dspy.Module):\n"
        "    def __init__(self, signature, *, times=2):\n"
        "        super().__init__()\n"
        "        self.predict, self.times = dspy.Predict(signature), times\n"
        "    def forward(self, **inputs):\n"
        "        return [self.predict(**inputs) for _ in range(self.times)][-1]\n"
        "class NoModule:\n"
        "    def __init__(self, signature):\n"
        "        pass\n"
    )
    (tmp_path / "json.py").write_text("raise RuntimeError('a workspace shadows nothing')\n")
    return tmp_path


def own(name: str, **options: Any) -> Choice:
    return Choice(name=f"python:own_modules:{name}", options=options)


def test_a_users_own_module_gets_the_signature_and_its_options(workspace: Path) -> None:
    module = create_dspy_module(own("Twice", times=3), SIGNATURE, workspace=workspace)
    lm = ScriptedLM(rule=lambda question: {"topic": "billing"})

    with using_lm(lm):
        answer = module(text="hello")

    assert (answer.topic, lm.heard) == ("billing", ["hello"] * 3)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (own("NoModule"), "makes a NoModule, not a dspy.Module"),
        (own("Missing"), "cannot import"),
        (own("Twice", tmies=3), "tmies"),
        (Choice(name="predict", options={"k": 1}), "options of module 'predict'"),
        (Choice(name="prdict"), "did you mean 'predict'"),
    ],
)
def test_a_module_that_cannot_be_made_says_why(choice: Choice, said: str, workspace: Path) -> None:
    with pytest.raises(SpecError, match=said):
        create_dspy_module(choice, SIGNATURE, workspace=workspace)


def test_the_workspace_comes_last_on_the_import_path(workspace: Path) -> None:
    import_python("own_modules:Twice", workspace=workspace)
    import_python("own_modules:Twice", workspace=workspace)

    assert sys.path.count(str(workspace)) == 1
    assert sys.path.index(str(workspace)) > 0
    assert import_python("json:dumps", workspace=workspace)([1]) == "[1]"


def test_the_memory_gives_the_nearest_rows_the_nearest_last() -> None:
    memory = memory_of("lost card", "card lost in a train", "weather report")

    found = memory.nearest("I lost my card in the train", 2, ("text",))

    assert [row["text"] for row in found] == ["lost card", "card lost in a train"]


def test_a_memory_that_is_filled_again_forgets_the_old_rows() -> None:
    memory = memory_of("lost card")
    memory.nearest("card", 1, ("text",))

    memory.load_state({"rows": [{"text": "weather"}]})

    assert memory.nearest("card", 1, ("text",)) == [{"text": "weather"}]
    memory.reset()
    assert memory.nearest("card", 1, ("text",)) == []


def test_only_the_named_inputs_are_compared() -> None:
    memory = DemoMemory([{"text": "sun", "topic": "card"}, {"text": "card", "topic": "sun"}])

    assert memory.nearest("card", 1, ("text",)) == [{"text": "card", "topic": "sun"}]


def test_a_copy_shares_the_rows_and_not_the_fate() -> None:
    memory = memory_of("lost card")

    twin = copy.deepcopy(memory)
    twin.reset()

    assert len(memory.rows) == 1


def test_retrieved_demos_need_exactly_one_predictor() -> None:
    class Pair(dspy.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = dspy.Predict(SIGNATURE), dspy.Predict(SIGNATURE)

    with pytest.raises(ProgramError, match="this one has 2"):
        RetrievedDemos(Pair(), k=1, rows=ROWS)(text="apple")


def test_each_call_sees_the_demos_of_its_own_input_also_in_threads() -> None:
    rows = [{**row.inputs, **row.labels} for row in tiny_rows(48)]
    program = RetrievedDemos(dspy.Predict(SIGNATURE), k=2, rows=rows)
    lm = open_lm(EMBEDDED_LM, cache_dir=None)

    def answer(row: dict[str, Any]) -> bool:
        with using_lm(lm):
            return bool(program(text=row["text"]).topic == row["topic"])

    with ThreadPoolExecutor(8) as pool:
        right = list(pool.map(answer, rows))

    assert all(right)
    assert program.predictors()[0].demos == []


def test_an_own_programs_demos_are_found_by_what_its_forward_is_given() -> None:
    class Asking(dspy.Module):
        def __init__(self) -> None:
            super().__init__()
            self.predict = dspy.Predict("context, question -> topic")

        def forward(self, text: str) -> dspy.Prediction:
            return self.predict(question=text, context="")

    program = RetrievedDemos(Asking(), k=1, rows=ROWS)

    assert program.demos_for({"text": "the sky"}) == [ROWS[1]]


def test_what_holds_no_predictor_is_shared_by_all_calls() -> None:
    class Corpus:
        def __deepcopy__(self, memo: dict[int, Any]) -> Corpus:
            raise AssertionError("copied")

    class Rag(dspy.Module):
        def __init__(self) -> None:
            super().__init__()
            self.corpus, self.steps = Corpus(), [dspy.Predict(SIGNATURE)]

        def forward(self, text: str) -> dspy.Prediction:
            heard.append(len(self.steps[0].demos))
            return self.steps[0](text=text)

    heard: list[int] = []
    program = RetrievedDemos(Rag(), k=1, rows=ROWS)

    with using_lm(ScriptedLM(rule=lambda question: {"topic": "billing"})):
        program(text="apple")

    assert (heard, program.program.steps[0].demos) == ([1], [])


def test_the_asynchronous_call_retrieves_the_same_demos() -> None:
    rows = [{**row.inputs, **row.labels} for row in tiny_rows(12)]
    program = RetrievedDemos(dspy.Predict(SIGNATURE), k=2, rows=rows)

    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        awaited = asyncio.run(program.acall(text=rows[5]["text"]))

    assert awaited.topic == rows[5]["topic"]
