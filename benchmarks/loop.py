"""A simulated life of a program: turns of the real loop in a fresh home, users between them.

Every life is seen from outside, too: its programs are scored on test rows that no turn touches.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from users import Material, Message, Users, user_of

TURNS, MESSAGES = 5, 300


@dataclass(frozen=True)
class Life:
    """One program with one kind of users, from its first turn to its last."""

    data: str
    users: Users
    seed: int
    material: Callable[[int], Material]


@dataclass(frozen=True)
class Step:
    """What one turn of a life came to; accuracies 0..1 on the test rows."""

    data: str
    users: str
    turn: int
    seed: int
    outcome: str
    candidate: float
    champion: float
    higher_mean: float
    lower: bool
    false: bool
    peer_lower: bool
    train: int
    lm_calls: int


@dataclass(frozen=True)
class Compiled:
    """A program as a loaded version has it."""

    program: Any
    spec: Any
    digest: str


@dataclass
class Observer:
    """Sees the turns of one home from outside, and scores their programs on the test rows."""

    ws: Any
    life: Life
    test: Sequence[Any]
    cards: dict[str, Any] = field(default_factory=dict)
    served: Any = None
    candidate: Any = None
    peer: Any = None
    peer_on_holdout: float = 0.0

    def step(self, number: int, turn: Any) -> Step:
        """What a finished turn came to."""
        from dspyui_core.turn import turn_details

        if self.served is None:
            self._starts(turn)
        details = turn_details(self.ws, turn.turn)
        before, peer_before = self.served, self.peer
        if turn.outcome != "nothing-new" and details.candidate is not None:
            self._compiled(turn, details.candidate)
        version = self.ws.releases.champion(turn.program)
        self.served = self._card(self.ws.models.load_model(turn.program, version=version))
        return Step(
            data=self.life.data,
            users=self.life.users.name,
            turn=number,
            seed=self.life.seed,
            outcome=turn.outcome,
            candidate=self.candidate.mean,
            champion=self.served.mean,
            higher_mean=self.peer.mean,
            lower=self.served.mean < before.mean,
            false=is_shown_lower(before, self.served),
            peer_lower=self.peer.mean < peer_before.mean,
            train=turn.dataset.train,
            lm_calls=turn.lm.calls,
        )

    def _starts(self, turn: Any) -> None:
        """Note the uncompiled program: what the first turn has to be better than."""
        from dspyui_core import programs
        from dspyui_core.turn.steps import Snapshot, recorded

        spec = recorded(self.ws, turn.turn, "snapshot", Snapshot).spec
        program = programs.build(spec, workspace=self.ws.folder)
        self.served = self.peer = self._card(
            Compiled(program, spec, programs.digest(program, spec))
        )
        self.peer_on_holdout = turn.scores.baseline

    def _compiled(self, turn: Any, candidate: Any) -> None:
        """Note the candidate, and whether somebody would release it for its mean alone."""
        from dspyui_core.mlflow_loader import load_model_from_run

        model = load_model_from_run(self.ws.client, candidate.run_id, workspace=self.ws.folder)
        self.candidate = self._card(model)
        if turn.scores.candidate > self.peer_on_holdout:
            self.peer, self.peer_on_holdout = self.candidate, turn.scores.candidate

    def _card(self, model: Any) -> Any:
        """A program's scores on the test rows, which nothing of the home gets to see."""
        from dspyui_core.evaluation import evaluate
        from dspyui_core.metrics import create_exact_match_metric

        outputs = model.spec.signature.outputs
        if model.digest not in self.cards:
            self.cards[model.digest] = evaluate(
                model.program,
                self.test,
                create_exact_match_metric(outputs),
                lm=self.ws.lm(model.spec.lm),
                program_digest=model.digest,
                dataset_version="test",
                split="file",
                metric_name="exact_match",
            )
        return self.cards[model.digest]


def is_shown_lower(before: Any, after: Any) -> bool:
    """Whether the test rows show that a program is worse than what it replaced."""
    from dspyui_core.comparison import compare

    return compare(before, after, name="replaced").high < 0


def lived(life: Life) -> list[Step]:
    """The turns of one life, in a home of its own."""
    # Optimizers print what they do; standard output is the report's.
    with redirect_stdout(sys.stderr):
        return _lived(life)


def _lived(life: Life) -> list[Step]:
    from deployments.demo.example import demo_home
    from dspyui_core.datasets import Row as Example
    from dspyui_core.workspace import Workspace

    with demo_home(None) as home:
        ws = Workspace.open(home)
        material = life.material(life.seed)
        folder = home / "program"
        folder.mkdir()
        program = material.write(folder, life.seed)
        test = [Example.of({"text": m.text}, {"intent": m.intent}, "gold", source="test")
                for m in material.test]  # fmt: skip
        found = list(_turns(ws, life, material, program, Observer(ws, life, test)))
        ws.close()
    return found


def _turns(
    ws: Any, life: Life, material: Material, program: Path, observer: Observer
) -> Iterator[Step]:
    name, days = material.spec["name"], material.asked(MESSAGES, seed=life.seed)
    for number in range(TURNS + 1):
        if number:
            talk(ws, name, next(days), life, number, material.intents)
        step = observer.step(number, take_turn(ws, program))
        print(step, file=sys.stderr, flush=True)
        yield step


def talk(
    ws: Any, program: str, messages: Sequence[Message], life: Life, turn: int, intents: list[str]
) -> None:
    """Let the served champion answer, and users say what they think of it."""
    for number, message in enumerate(messages):
        # The same draws for every kind of users: they differ in their errors only.
        chance = random.Random(f"{life.seed} {turn} {number}")
        user = user_of(chance)
        answer = ws.predict(program, {"text": message.text}, user_id=user)
        said = life.users.opinion(answer.outputs["intent"], message.intent, intents, chance)
        if said is not None:
            rating, meant = said
            corrected = None if meant is None else {"intent": meant}
            ws.feedback.record_feedback(
                answer.trace_id, rating, corrected, user_id=user, authenticated=True
            )


def take_turn(ws: Any, program: Path) -> Any:
    """One turn, in the order of the flow data-flywheel; MLflow gets no copy of the journal."""
    from dspyui_core import turn as steps

    opened = steps.open_turn(ws, steps.TurnRequest(program=program))
    if opened.report is not None:
        return opened.report
    steps.compile_candidate(ws, opened.turn_id)
    steps.evaluate_programs(ws, opened.turn_id)
    if steps.decide_release(ws, opened.turn_id).registers:
        steps.register_version(ws, opened.turn_id)
    steps.conclude(ws, opened.turn_id)
    return steps.finish(ws, opened.turn_id)
