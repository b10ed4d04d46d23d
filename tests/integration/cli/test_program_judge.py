"""`dspyui program judge`: an LM over HTTP against the people who rated recorded answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dspy
import pytest

from dspyui_core.spec import read_spec
from dspyui_core.turn.judging import distrust
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny
from support.openai_server import Broken, OpenAIServer, Reply

ANSWERS = 40
# Of these, people and the judge say opposite things.
APART = (7, 21)


def verdict(body: Any) -> str:
    """Good where the judged desk is amber, in the form that the chat adapter reads."""
    question = body["messages"][-1]["content"]
    said = "good" if '{"desk": "amber"}' in question else "bad"
    return f"[[ ## reason ## ]]\nthe desk\n\n[[ ## verdict ## ]]\n{said}\n\n[[ ## completed ## ]]"


@pytest.fixture
def rated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Office]:
    """A folder whose program answered forty times: every other answer was good, people say."""
    monkeypatch.setenv("DSPYUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delitem(vars(dspy), "cache", raising=False)
    monkeypatch.chdir(tmp_path)
    ws = Workspace.open()
    for number in range(ANSWERS):
        good = number % 2 == 0
        outputs = {"desk": "amber" if good != (number in APART) else "birch"}
        answer = {"inputs": {"text": f"message {number}"}, "outputs": outputs}
        ws.journal.append_prediction("desk", f"tr-{number}", answer)
        rating = {"rating": "thumbs_up" if good else "thumbs_down"}
        ws.journal.append_feedback(
            f"tr-{number}", rating, user_id="ana", authenticated=False, idem_key=str(number)
        )
    ws.close()
    yield Office(tmp_path, capfd)
    vars(dspy).pop("cache", None)


def write_spec(office: Office, server: OpenAIServer, **options: Any) -> None:
    judge = {"name": "openai/judge-lm", "api_base": server.address, "num_retries": 0}
    metric = {"name": "llm_judge", "options": options}
    tiny.write_program(office.folder, metric=metric, judge=judge)


def test_a_judge_that_agrees_with_people_is_trusted_and_shows_where_it_does_not(
    rated: Office,
) -> None:
    with OpenAIServer([Reply(verdict)]) as server:
        write_spec(rated, server)
        told = rated.dspyui("program", "judge", "desk.yaml", "--json").json

    agreement = told["agreement"]
    assert (told["judge"], told["trusted"], told["failed"]) == ("openai/judge-lm", True, 0)
    assert (agreement["rows"], agreement["share"]) == (ANSWERS, 0.95)
    assert agreement["kappa"] == pytest.approx(0.9)
    assert [apart["trace_id"] for apart in told["disagreements"]] == ["tr-21", "tr-7"]
    assert told["disagreements"][0]["reason"] == "the desk"
    assert told["lm"] == {"calls": ANSWERS, "usd": None}


def test_what_is_printed_says_whether_the_judge_may_decide(rated: Office) -> None:
    with OpenAIServer([Reply(verdict)]) as server:
        write_spec(rated, server)
        few = rated.dspyui("program", "judge", "desk.yaml", "--last", 10)
        said = rated.dspyui("program", "judge", "desk.yaml")

    assert "judge openai/judge-lm is not trusted" in few.out
    assert "on 10 rated answers: at least 30 are needed" in few.out
    assert said.code == 0
    assert "kappa 0.90, 95% interval 0.77 to 1.00, on 40 rated answers" in said.out
    assert "people bad, judge 1: the desk  tr-21" in said.out
    assert "40 LM calls, of unknown price" in said.out


def test_votes_are_asked_for_one_by_one_past_the_cache(rated: Office) -> None:
    with OpenAIServer([Reply(verdict)]) as server:
        write_spec(rated, server, samples=3)
        assert rated.dspyui("program", "judge", "desk.yaml", "--last", 2).code == 0

        # Of three votes the first two agree; the same command again asks nobody.
        assert len(server.received) == 4
        assert {received.body["temperature"] for received in server.received} == {0.7}
        assert rated.dspyui("program", "judge", "desk.yaml", "--last", 2).code == 0
        assert len(server.received) == 4


def test_an_answer_that_the_judge_fails_on_is_left_out_and_counted(rated: Office) -> None:
    with OpenAIServer([Broken(400, "{}"), Reply(verdict)]) as server:
        write_spec(rated, server)
        told = rated.dspyui("program", "judge", "desk.yaml", "--json").json

    assert (told["failed"], told["agreement"]["rows"]) == (1, ANSWERS - 1)


def test_a_judge_that_answers_nothing_is_an_error(rated: Office) -> None:
    with OpenAIServer([Broken(401, '{"error": {"message": "no such key"}}')]) as server:
        write_spec(rated, server)
        refused = rated.dspyui("program", "judge", "desk.yaml")

    assert refused.code == 1
    assert "LM 'openai/judge-lm' refused the API key" in refused.err


def test_a_turn_is_told_why_a_judge_may_not_decide_from_what_was_said_until_then(
    rated: Office,
) -> None:
    with OpenAIServer([Reply(verdict)]) as server:
        write_spec(rated, server)
        ws, spec = Workspace.open(), read_spec(rated.folder / "desk.yaml")

        # An answer and its rating take a position each.
        assert "on 10 rated answers: at least 30" in distrust(ws, spec, upto=20)
        assert distrust(ws, spec) == ""
        asked = len(server.received)
        plain = read_spec(tiny.write_program(rated.folder))
        assert distrust(ws, plain) == ""
        assert len(server.received) == asked
    ws.close()


def test_without_a_rated_answer_nobody_is_asked_and_the_next_step_is_shown(rated: Office) -> None:
    with OpenAIServer([Reply(verdict)]) as server:
        write_spec(rated, server)
        spec = (rated.folder / "desk.yaml").read_text().replace("name: desk", "name: other")
        (rated.folder / "other.yaml").write_text(spec)
        said = rated.dspyui("program", "judge", "other.yaml")

    assert (said.code, server.received) == (0, [])
    assert "users rate answers with: dspyui feedback add" in said.out


def test_a_program_whose_metric_asks_no_judge_is_bad_input(rated: Office) -> None:
    tiny.write_program(rated.folder)

    refused = rated.dspyui("program", "judge", "desk.yaml")

    assert refused.code == 2
    assert "the metric exact_match of 'desk' asks no judge" in refused.err


def test_the_embedded_stand_in_runs_and_a_check_says_that_it_cannot_judge(rated: Office) -> None:
    tiny.write_program(rated.folder, metric="llm_judge")

    told = rated.dspyui("program", "judge", "desk.yaml", "--json").json

    assert (told["agreement"]["rows"], told["failed"]) == (ANSWERS, 0)
    checked = rated.dspyui("program", "check", "desk.yaml")
    assert "the judge is embedded/in-context, which cannot judge" in checked.out
