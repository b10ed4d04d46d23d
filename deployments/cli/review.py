"""`dspyui review`: the one inbox; deciding is in review_decisions, sheets are in review_sheets."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from deployments.cli import output, review_decisions, review_sheets
from deployments.cli.completion import program_names
from deployments.cli.help import page
from deployments.cli.options import Json
from deployments.cli.review_decisions import Item

app = typer.Typer(
    help="Rows, samples, promotions and rollbacks that wait for a person.", no_args_is_help=True
)

# The core's own words, spelled here because a command line is built before the core is imported.
Kind = Literal["row", "sample", "promotion", "rollback"]
State = Literal["open", "accepted", "rejected", "withdrawn", "all"]

LIST = page(
    ("dspyui review list", "all that is open"),
    ("dspyui review list support --kind sample --json", "for a program to read"),
    ("dspyui review list --state all", "what was decided, too"),
)
SHOW = page(
    "dspyui review show 12",
    ("dspyui review show 12 --show-answers", "with what the program answered to a sample"),
)


@app.command("list", epilog=LIST)
def list_items(
    program: Annotated[
        str | None,
        typer.Argument(
            help="The program's name; by default all.",
            show_default=False,
            autocompletion=program_names,
        ),
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only items of this kind.")] = None,
    state: Annotated[State, typer.Option("--state", help="Only items in this state.")] = "open",
    as_json: Json = False,
) -> None:
    """List what waits for a person, the oldest first.

    Rows that may not pass, served inputs to be labelled, promotions that need an approval, and
    rollbacks that happened.
    """
    from deployments.cli.review_view import show_items
    from dspyui_core.review import Inbox
    from dspyui_core.workspace import Workspace

    inbox = Inbox(Workspace.open().engine)
    found = inbox.items(program=program, kind=kind, state=None if state == "all" else state)
    if as_json:
        output.document([item.model_dump(mode="json") for item in found])
    else:
        show_items(found, inbox.counts(program))


@app.command("show", epilog=SHOW)
def show(
    item: Item,
    show_answers: Annotated[
        bool, typer.Option("--show-answers", help="What the program answered to a sample.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one item with all that is needed to decide it.

    What the program answered to a sample is left out: who sees an answer first tends to agree with
    it, and the holdout would come to favour whoever answered.
    """
    from deployments.cli.review_view import show_item
    from dspyui_core.review import Inbox
    from dspyui_core.turn import with_answer
    from dspyui_core.workspace import Workspace

    ws = Workspace.open()
    found = Inbox(ws.engine).get(item)
    if show_answers:
        found = with_answer(ws, found)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        show_item(found)


app.command("accept", epilog=review_decisions.ACCEPT)(review_decisions.accept)
app.command("reject", epilog=review_decisions.REJECT)(review_decisions.reject)
app.command("reopen", epilog=review_decisions.REOPEN)(review_decisions.reopen)
app.command("sample", epilog=review_sheets.SAMPLE)(review_sheets.sample)
app.command("export", epilog=review_sheets.EXPORT)(review_sheets.export)
app.command("import", epilog=review_sheets.IMPORT)(review_sheets.import_file)
