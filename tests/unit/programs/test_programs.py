"""Programs: what is saved loads elsewhere with the same answers, and nothing else loads."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core import programs
from dspyui_core.errors import ProgramError
from dspyui_core.fields import FROM_DATA
from dspyui_core.lms import EMBEDDED_LM, open_lm, using_lm
from dspyui_core.modules import RetrievedDemos
from dspyui_core.spec import ProgramSpec
from dspyui_core.testing import tiny_rows, tiny_spec

ROWS = [{**row.inputs, **row.labels} for row in tiny_rows(96)]


def retrieving(spec: ProgramSpec, k: int = 3) -> dspy.Module:
    return RetrievedDemos(programs.build(spec), k=k, rows=ROWS[:24])


def with_demos(spec: ProgramSpec) -> dspy.Module:
    program = programs.build(spec)
    program.predictors()[0].demos = [dspy.Example(**row) for row in ROWS[:6]]
    return program


def answers(program: dspy.Module) -> list[str]:
    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        return [program(text=row["text"]).topic for row in ROWS[40:52]]


@pytest.mark.parametrize("module", ["predict", "chain_of_thought"])
@pytest.mark.parametrize("made", [programs.build, with_demos, retrieving])
def test_a_saved_program_loads_with_the_same_digest_and_answers(
    module: str, made: Callable[[ProgramSpec], dspy.Module], tmp_path: Path
) -> None:
    spec = tiny_spec(module=module)
    program = made(spec)

    written = programs.save(program, spec, tmp_path)
    loaded = programs.load(tmp_path)

    assert loaded.digest == written == programs.digest(program, spec)
    assert answers(loaded.program) == answers(program)
    assert len(set(answers(program))) > 1
    assert loaded.warnings == ()


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(words, st.sampled_from(["billing", "delivery"])), max_size=5), words)
@settings(max_examples=8, deadline=None)
def test_any_texts_survive_saving(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], instructions: str
) -> None:
    spec = tiny_spec()
    memory = [{"text": text, "topic": topic} for text, topic in rows]
    program = RetrievedDemos(programs.build(spec), k=2, rows=memory)
    predictor = program.predictors()[0]
    predictor.signature = predictor.signature.with_instructions(instructions)
    folder = tmp_path_factory.mktemp("program")

    programs.save(program, spec, folder)
    loaded = programs.load(folder).program

    assert loaded.memory.rows == memory
    assert loaded.predictors()[0].signature.instructions == predictor.signature.instructions


def test_the_digest_is_that_of_what_answers() -> None:
    spec = tiny_spec()
    mine = programs.digest(with_demos(spec), spec)

    same = tiny_spec(description="other words", promotion={"confidence": 0.9}, seed=7)
    assert programs.digest(with_demos(same), same) == mine
    for other in (tiny_spec(lm="openai/x"), tiny_spec(module="chain_of_thought")):
        assert programs.digest(with_demos(other), other) != mine
    assert programs.digest(programs.build(spec), spec) != mine
    assert programs.digest(retrieving(spec, 3), spec) != programs.digest(retrieving(spec, 4), spec)


def test_the_files_hold_no_lm_no_path_and_no_history(tmp_path: Path) -> None:
    spec = tiny_spec(dataset={"sources": "/home/someone/secret-folder/rows.csv"})
    program = with_demos(spec)
    program.set_lm(open_lm("openai/gpt-x", cache_dir=None))
    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        programs.build(spec)(text="a question nobody should keep")

    programs.save(program, spec, tmp_path)

    written = "".join(file.read_text() for file in tmp_path.iterdir())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["program.json", "spec.json"]
    assert "secret-folder" not in written
    assert "nobody should keep" not in written


def test_a_program_without_the_values_of_its_literals_cannot_be_built() -> None:
    signature = {
        "instructions": "x",
        "inputs": {"text": "str"},
        "outputs": {"topic": {"type": "literal", "values": FROM_DATA}},
    }

    with pytest.raises(ProgramError, match="values of topic are not known yet"):
        programs.build(tiny_spec(signature=signature))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    spec = tiny_spec()
    programs.save(retrieving(spec), spec, tmp_path)
    return tmp_path


def edited(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))


@pytest.mark.parametrize("name", ["program.json", "spec.json"])
@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", "\ud800"])
def test_a_missing_or_broken_file_is_refused(saved: Path, name: str, text: str | None) -> None:
    if text is None:
        (saved / name).unlink()
    else:
        (saved / name).write_text(text, errors="surrogatepass")

    with pytest.raises(ProgramError):
        programs.load(saved)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("program.json", lambda c: c["memory"]["rows"].pop()),
        ("program.json", lambda c: c["memory"]["rows"][0].update(topic="delivery")),
        ("program.json", lambda c: c.pop("memory")),
        ("program.json", lambda c: c["memory"].update(rows=5)),
        ("spec.json", lambda c: c["shape"].update(retrieved_demos=9)),
        ("spec.json", lambda c: c["spec"]["lm"].update(name="openai/other")),
        ("spec.json", lambda c: c["spec"].update(nonsense=1)),
        ("spec.json", lambda c: c.update(digest="0" * 64)),
        ("spec.json", lambda c: c.pop("sources")),
    ],
)
def test_a_file_that_somebody_changed_is_refused(
    saved: Path, name: str, change: Callable[[dict[str, Any]], object]
) -> None:
    edited(saved, name, change)

    with pytest.raises(ProgramError, match="changed after they were written"):
        programs.load(saved)


def test_a_newer_format_asks_for_newer_code(saved: Path) -> None:
    edited(saved, "spec.json", lambda c: c.update(program_format=2))

    with pytest.raises(ProgramError, match="program format 2 is not 1"):
        programs.load(saved)


OWN = """
import dspy
class Router(dspy.Module):
    def __init__(self, signature):
        super().__init__()
        self.predict = dspy.Predict(signature)
    def forward(self, **inputs):
        return self.predict(**inputs)
"""
OWN_SIGNATURE = """
import dspy
class Answer(dspy.Signature):
    text: str = dspy.InputField()
    topic: str = dspy.OutputField()
class Router(dspy.Module):
    def __init__(self):
        super().__init__()
        self.answer = dspy.Predict(Answer)
    def forward(self, text):
        return self.answer(text=text)
"""
JUDGE = "def right(example, prediction, trace=None):\n    return {}\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "own_router.py").write_text(OWN)
    (folder / "own_judge.py").write_text(JUDGE.format("1.0"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    forget_own_code()
    return folder


def forget_own_code() -> None:
    for name in ("own_router", "own_judge"):
        sys.modules.pop(name, None)


def own_spec() -> ProgramSpec:
    return tiny_spec(module="python:own_router:Router", metric="python:own_judge:right")


def test_a_users_own_module_is_saved_by_name_and_rebuilt(workspace: Path, tmp_path: Path) -> None:
    program = programs.build(own_spec(), workspace=workspace)
    program.predictors()[0].demos = [dspy.Example(**row) for row in ROWS[:6]]

    programs.save(program, own_spec(), tmp_path / "saved", workspace=workspace)
    loaded = programs.load(tmp_path / "saved", workspace=workspace)

    assert type(loaded.program).__name__ == "Router"
    assert (answers(loaded.program), loaded.warnings) == (answers(program), ())


def retrieving_own(folder: Path, code: str = OWN_SIGNATURE) -> dspy.Module:
    (folder / "own_router.py").write_text(code)
    forget_own_code()
    return RetrievedDemos(programs.build(own_spec(), workspace=folder), k=3, rows=ROWS[:24])


def test_a_program_with_its_own_signatures_is_saved_and_rebuilt(
    workspace: Path, tmp_path: Path
) -> None:
    program = retrieving_own(workspace)

    written = programs.save(program, own_spec(), tmp_path / "saved", workspace=workspace)
    loaded = programs.load(tmp_path / "saved", workspace=workspace)

    assert (loaded.digest, loaded.warnings) == (written, ())
    assert answers(loaded.program) == answers(program)
    assert len(set(answers(program))) > 1


def test_a_signature_beside_the_class_that_changed_its_types_is_a_warning(
    workspace: Path, tmp_path: Path
) -> None:
    program = retrieving_own(workspace)
    programs.save(program, own_spec(), tmp_path / "saved", workspace=workspace)

    retrieving_own(workspace, OWN_SIGNATURE.replace("topic: str", "topic: bool"))

    loaded = programs.load(tmp_path / "saved", workspace=workspace)
    assert loaded.warnings == (
        "python:own_router:Router is not the code this version was made with",
    )


@pytest.mark.parametrize(
    "change",
    [
        ("self.answer", "self.reply"),
        ("    topic: str", "    more: str = dspy.OutputField()\n    topic: str"),
    ],
)
def test_predictors_that_no_longer_fit_their_state_are_no_damage_of_the_files(
    change: tuple[str, str], workspace: Path, tmp_path: Path
) -> None:
    program = retrieving_own(workspace)
    programs.save(program, own_spec(), tmp_path / "saved", workspace=workspace)

    retrieving_own(workspace, OWN_SIGNATURE.replace(*change))

    with pytest.raises(ProgramError, match="is not the code this version was made with") as caught:
        programs.load(tmp_path / "saved", workspace=workspace)
    assert "take a new turn" in caught.value.hint


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_metric_that_changed_or_is_gone_is_a_warning(
    change: str, workspace: Path, tmp_path: Path
) -> None:
    program = programs.build(own_spec(), workspace=workspace)
    programs.save(program, own_spec(), tmp_path / "saved", workspace=workspace)
    forget_own_code()
    if change == "gone":
        (workspace / "own_judge.py").unlink()
    else:
        (workspace / "own_judge.py").write_text(JUDGE.format("0.987654"))

    loaded = programs.load(tmp_path / "saved", workspace=workspace)

    assert loaded.warnings == ("python:own_judge:right is not the code this version was made with",)


def test_an_example_marks_its_inputs() -> None:
    example = programs.example_of(tiny_rows(1)[0])

    assert (set(example.inputs().keys()), set(example.labels().keys())) == ({"text"}, {"topic"})
