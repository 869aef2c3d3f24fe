"""Slack takes ephemeral answers, and foreign markup doesn't work in them, whatever schedules and people are called."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Brief, Field, Matches, RunId, ScheduleId, SlackUserId
from bot.core.status import OPEN
from bot.runs.drafts import Values
from bot.runs.now import Now, OpenRun
from bot.slack import mentions, status
from bot.slack.blocks import alerts
from bot.slack.ids import ALERT_TEXT, SECTION_TEXT
from localslack.validation.surfaces import message_problems
from tests.core import strategies
from tests.factories import ADA, NOW
from tests.slack.forms import foreign_markup, objects

OURS = rf"@{ADA}|!date\^\d+\^[^|<>]*\|[^|<>]*|https://site\.example/[^|<>]*\|[^<>]*"
KEY = "k" * 43
name = strategies.long(200)
briefs = st.builds(Brief, id=st.just(ScheduleId(7)), name=name, task=name, enabled=st.booleans())
written = st.builds(
    Values,
    args=st.none() | st.just([1]),
    kwargs=st.dictionaries(strategies.long(300), st.just(1), max_size=40),
    left_out=st.lists(strategies.long(300), max_size=40).map(tuple),
    has_left_out_args=st.booleans(),
)
runs = st.builds(
    OpenRun,
    run=st.builds(RunId, st.integers(1, 2**63 - 1)),
    schedule=name,
    requester=st.sampled_from([ADA, SlackUserId("")]),
    name=name,
    is_own=st.booleans(),
    since=st.just(NOW),
    state=st.sampled_from(sorted(OPEN)),
    status=st.sampled_from(["", "STARTED", "RETRY"]),
    can_stop=st.booleans(),
    is_stopping=st.booleans(),
    is_own_stop=st.booleans(),
    thread=st.sampled_from(["", "https://site.example/archives/C1/p1"]),
    page=st.sampled_from(["", "https://site.example/runs/7/"]),
)


def assert_harmless(built: Any) -> None:
    assert message_problems(built["blocks"]).lines() == []
    assert built["text"]
    for found in objects(built, "mrkdwn"):
        assert found["verbatim"] is True
        assert foreign_markup(found["text"], OURS) == []


@given(st.lists(briefs, min_size=1, max_size=5), st.integers(0, 9), name, written)
def test_slack_takes_an_answer_with_buttons(first: list[Brief], more: int, typed: str, values: Values) -> None:
    matches = Matches(first=tuple(first), total=len(first) + more)
    assert_harmless(mentions.choices(matches, typed, values, KEY))
    assert_harmless(mentions.no_match(typed, "/runtask"))


@given(written, st.sets(st.sampled_from([Field.ARGS, Field.KWARGS])))
def test_slack_takes_the_notes_in_the_form(values: Values, left_out: set[Field]) -> None:
    for block in alerts(*mentions.notes(values, left_out)):
        shown = block["text"]["text"]
        assert 0 < len(shown) <= (ALERT_TEXT if block["type"] == "alert" else SECTION_TEXT)
        assert foreign_markup(shown, OURS) == []


@given(st.lists(runs, max_size=10, unique_by=lambda one: one.run), st.integers(0, 300), st.booleans(), name)
def test_slack_takes_the_list_of_running_runs(first: list[OpenRun], more: int, at_least: bool, stopped: str) -> None:
    found = Now(first=tuple(first), more=more, is_more_at_least=at_least)
    assert_harmless(status.message(found, "/runtask", status.stopped(stopped, None)))
