from __future__ import annotations

import pytest
import typer

from deployments.cli.output import INTERRUPTED, exit_code


def interrupted() -> None:
    raise KeyboardInterrupt


def test_control_c_says_how_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    app.command()(interrupted)

    code = exit_code(lambda: app(args=[], standalone_mode=False))

    assert code == INTERRUPTED
    assert "goes on with the same command" in capsys.readouterr().err
