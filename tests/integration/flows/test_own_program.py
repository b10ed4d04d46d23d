"""A turn of a user's program as it is: signatures of its own, several predictors."""

from __future__ import annotations

import sys

from dspyui_core.workspace import Workspace
from flows.data_flywheel import data_flywheel

OWN = '''
from typing import Literal

import dspy


class Route(dspy.Signature):
    """Say which desk answers a visitor's message."""

    text: str = dspy.InputField()
    note: str = dspy.InputField()
    desk: Literal["amber", "birch", "coral", "delta"] = dspy.OutputField()


class OwnLibrary(dspy.Module):
    def __init__(self):
        super().__init__()
        self.note = dspy.Predict("text -> note")
        self.route = dspy.ChainOfThought(Route)

    def forward(self, text):
        return self.route(text=text, note=self.note(text=text).note)
'''
SEARCH = {"name": "random_search", "options": {"candidates": 2}}


def test_a_program_with_two_predictors_of_its_own_is_compiled_promoted_and_served(
    desk, monkeypatch
):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (desk.folder / "own_library.py").write_text(OWN)
    desk.respec(module="python:own_library:OwnLibrary", optimizer=SEARCH)

    turn = data_flywheel(desk.request)

    assert (turn.outcome, turn.model_version) == ("promoted", 1)
    again = Workspace.open(desk.ws.home, desk.ws.settings)
    loaded = again.models.load_model("desk")
    names = [name for name, predictor in loaded.program.named_predictors() if predictor.demos]
    assert names == ["note", "route.predict"]
    answer = again.predict("desk", {"text": "Who repairs the broken scanner beside the window?"})
    assert answer.outputs == {"desk": "coral"}
    again.close()
