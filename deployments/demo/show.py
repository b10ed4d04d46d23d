"""What a person sees of the demonstration, chapter by chapter."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from deployments.cli.lineage import origin, values_text
from deployments.demo.charts import score_cells, score_table, scorecard
from deployments.demo.story import Change, Changed, Chapter, Traced
from deployments.demo.traffic import Traffic
from deployments.stack.state import Stack
from dspyui_core.turn import DemoOrigin

VERDICTS = {"promoted": "green", "refused": "red", "inconclusive": "yellow", "blocked": "red"}
CHANGES_SHOWN = 4
DOUBTS_SHOWN = 3
EXCERPT = 84
SHORT = 32
DEMOS_SHOWN = 4


class Show:
    """Prints each chapter on the command's own standard output."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chapter = 0

    def opening(self) -> None:
        """Say what is going to happen."""
        self._console.print(
            Panel(
                Text.assemble(
                    ("A user's correction becomes a gated, reversible release.\n", "bold"),
                    "A bank's support inbox with 12 desks: two turns, and users between them.\n"
                    "No key and no network: the embedded LM answers, which learns from its prompt "
                    "alone\nand is no language model.",
                ),
                title="dspyui demo",
                title_align="left",
                border_style="cyan",
            )
        )

    def turn(self, chapter: Chapter, title: str) -> None:
        """A turn: its data, what was quarantined, the score card, and the verdict with reasons."""
        turn, details = chapter.turn, chapter.details
        self._heading(title)
        if turn.dataset is not None:
            data = turn.dataset
            feedback = details.dataset.feedback_rows if details.dataset else 0
            self._say(
                f"dataset {data.version[:12]}: {data.train} train, {data.validation} validation, "
                f"{data.holdout} holdout rows; {feedback} of them from feedback"
            )
            self._say(f"{data.quarantined} quarantined, {data.parked} parked", style="dim")
        self._quarantine(chapter)
        if details.candidate is not None:
            self._say(f"compiled by {details.candidate.optimizer}: {details.candidate.note}")
        if details.evaluated is not None:
            self._gap()
            self._print(scorecard(details.evaluated))
            self._gap()
        self._verdict(chapter)

    def traffic(self, traffic: Traffic, exported: int) -> None:
        """What was asked and what came back."""
        self._heading("Live traffic, and what users say of it")
        self._say(
            f"{traffic.predictions} messages answered, each on disk before its answer is returned"
        )
        self._say(
            f"{traffic.users} users, {traffic.silent} of whom never say anything; of the others:"
        )
        down = traffic.ratings - traffic.thumbs_up
        self._say(
            f"{traffic.ratings} ratings: {traffic.thumbs_up} thumbs up, {down} thumbs down, "
            f"{traffic.corrections} with a correction; {exported} rows exported"
        )
        self._say(
            f"{traffic.wrong} of the ratings are wrong (careless users): nobody tells the program "
            "which",
            style="dim",
        )

    def changed(self, changed: Changed) -> None:
        """The first and the last champion on messages that no turn ever touches."""
        first, last = changed.first, changed.last
        self._heading(f"On {first.rows} test messages that no turn ever touches")
        if first.version == last.version:
            self._say(f"version {first.version} still serves: {first.score:.3f}")
            return
        table = score_table()
        for scored in (first, last):
            table.add_row(
                f"version {scored.version}",
                *score_cells(scored.score, scored.interval),
            )
        self._print(table)
        self._gap()
        self._say(
            f"{len(changed.better)} messages are answered right that were not before, "
            f"{len(changed.worse)} the other way round:"
        )
        self._print(_changes(changed))

    def traced(self, traced: Traced | None) -> None:
        """One answer, back to the users in its prompt."""
        self._heading("Where an answer comes from")
        if traced is None:
            self._say("no answer rests on a correction yet")
            return
        lineage, correction = traced.lineage, traced.correction
        self._say(_quoted(lineage.inputs), style="bold")
        self._say(
            f"{values_text(lineage.outputs)}   by version {lineage.version}, made in turn "
            f"{lineage.turn} from dataset {lineage.dataset_version[:12]}"
        )
        self._say(f"nearest of {len(lineage.demos)} demos in its prompt:", style="dim")
        shown = list(lineage.demos[:DEMOS_SHOWN])
        if correction not in shown:
            shown[-1] = correction
        self._print(Group(*(_demo(demo, is_it=demo is correction) for demo in shown)))

    def closing(
        self,
        home: Path,
        program: str,
        traced: Traced | None,
        *,
        kept: bool,
        seconds: float,
        stack: Stack | None = None,
    ) -> None:
        """Where to look next: in the user interfaces of a stack that is left up, too."""
        self._heading(f"Done in {seconds:.0f} s. Where to look next")
        if not kept:
            self._say("dspyui demo --keep demo-home", style="cyan")
            self._say(
                "keeps everything, and names the commands to look around with: the status, every "
                "decision with its reasons, the lineage of this answer, the rollback, MLflow's UI"
            )
            return
        trace = f"dspyui lineage {traced.lineage.trace_id}" if traced else ""
        lines = [
            (f"export DSPYUI_HOME={home}", "these commands, on this home:"),
            ("dspyui status", "what the program is doing"),
            (f"dspyui model show {program}", "versions, and every decision with its reasons"),
            (trace, "the answer above, back to its users"),
            (f"dspyui model rollback {program} --reason regret", "take the release back"),
            *(_mlflow_ui(home) if stack is None else _addresses(stack)),
        ]
        table = Table.grid(padding=(0, 3))
        for command, meaning in lines:
            if command:
                table.add_row(
                    Text(command, style="cyan", overflow="fold"), Text(meaning, style="dim")
                )
        self._print(table)

    def _verdict(self, chapter: Chapter) -> None:
        turn = chapter.turn
        colour = VERDICTS.get(turn.outcome, "cyan")
        serves = f": version {turn.model_version} serves" if turn.outcome == "promoted" else ""
        self._print(Text.assemble((f"{turn.outcome}{serves}", f"bold {colour}")))
        for reason in turn.decision.reasons if turn.decision else (turn.message,):
            self._say(f"• {reason}")

    def _quarantine(self, chapter: Chapter) -> None:
        for doubt in chapter.doubts[:DOUBTS_SHOWN]:
            asked = "" if doubt.asked is None else f"{_quoted(doubt.asked)}: "
            self._say(f"quarantined {asked}{doubt.reason}; {doubt.remedy}", style="yellow")

    def _gap(self) -> None:
        self._console.print()

    def _heading(self, title: str) -> None:
        self._chapter += 1
        self._gap()
        self._console.print(Rule(f"[bold]{self._chapter}  {title}[/]", align="left", style="cyan"))

    def _say(self, words: str, *, style: str = "") -> None:
        self._print(Text(words, style=style))

    def _print(self, what: RenderableType) -> None:
        self._console.print(Padding(what, (0, 2), expand=False))


def _mlflow_ui(home: Path) -> list[tuple[str, str]]:
    database = home / "mlflow" / "mlflow.db"
    # Without the first word MLflow's server looks for a price list on the network.
    command = (
        f"LITELLM_LOCAL_MODEL_COST_MAP=True mlflow ui --backend-store-uri sqlite:///{database}"
    )
    return [(command, "runs, traces, feedback and versions in the browser")]


def _addresses(stack: Stack) -> list[tuple[str, str]]:
    shown = [(found.address, found.what) for found in stack.services if found.address]
    return [*shown, ("dspyui down", "end the stack that these are of")]


def _changes(changed: Changed) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("message", no_wrap=True)
    for heading in ("right", f"version {changed.first.version}", f"version {changed.last.version}"):
        table.add_column(heading, no_wrap=True)
    for change in [*changed.better[:CHANGES_SHOWN], *changed.worse[:1]]:
        table.add_row(*_change(change))
    return table


def _change(change: Change) -> tuple[Text, Text, Text, Text]:
    good, bad = ("green", "red") if change.gain > 0 else ("red", "green")
    return (
        Text(_quoted(change.last.inputs, longest=SHORT)),
        Text(values_text(change.last.labels)),
        Text(values_text(change.first.outputs), style=bad),
        Text(values_text(change.last.outputs), style=good),
    )


def _demo(demo: DemoOrigin, *, is_it: bool) -> RenderableType:
    return Group(
        Text(
            f"{'>' if is_it else ' '} {_quoted(demo.inputs)}", style="bold green" if is_it else ""
        ),
        Text(
            f"    {values_text(demo.labels)}   {origin(demo, brief=True)}",
            style="green" if is_it else "dim",
        ),
    )


def _quoted(inputs: object, *, longest: int = EXCERPT) -> str:
    text = values_text(inputs)
    return f"“{text if len(text) <= longest else text[: longest - 1] + '…'}”"
