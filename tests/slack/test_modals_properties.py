"""Whatever a schedule holds, Slack takes the modal, and the modal gives back what is stored."""

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.arguments import parse, stored
from bot.core.jsontext import tokens
from bot.core.model import Field, LastRun, Matches, Schedule
from bot.core.reasons import Invalid
from bot.core.scrub import MASK
from bot.slack import modals, payloads
from bot.slack.blocks import entities
from bot.slack.ids import ANSWER_BYTES, INPUT_TEXT, OPTION_TEXT, OPTIONS
from bot.slack.metadata import Metadata
from localslack.validation.surfaces import options_problems, view_is_too_large, view_problems
from tests.core import strategies
from tests.factories import NOW, PLACE, a_brief, a_preview, a_schedule
from tests.slack.forms import foreign_markup, objects, submitted

ids = st.integers(1, 50)
METADATA = Metadata(place=PLACE, mark="m")
names = st.text(strategies.characters, min_size=1, max_size=200) | strategies.long(200)
values = st.one_of(
    strategies.long(10_000),
    st.builds(json.dumps, strategies.objects),
    st.builds(json.dumps, strategies.lists, indent=st.sampled_from([None, 4])),
    st.builds(lambda size: json.dumps({"x": "é" * size}), st.integers(2900, 3100)),
)
schedules = st.builds(
    a_schedule,
    name=names,
    task=names,
    args=values,
    kwargs=values,
    enabled=st.booleans(),
    description=strategies.long(5000),
    columns=st.fixed_dictionaries(
        {
            "queue": st.none() | names,
            "exchange": st.none() | names,
            "routing_key": st.none() | names,
            "priority": st.none() | st.integers(0, 255),
            "expires": st.none() | st.just(NOW),
            "expire_seconds": st.none() | st.integers(1, 10**9),
        }
    ),
    headers=st.sampled_from(["", "{}"]) | strategies.long(3000),
)
lasts = st.none() | st.builds(LastRun, status=strategies.long(50), at=st.just(NOW))


@given(schedules, lasts, strategies.long(300))
def test_slack_takes_any_modal(schedule: Schedule, last: LastRun | None, when: str) -> None:
    view = modals.chosen(METADATA, a_preview(schedule, last=last, when=when), nonce="12345678")
    assert view_problems(view).lines() == []
    assert not view_is_too_large(view)
    for text in objects(view, "mrkdwn"):
        assert text["verbatim"] is True
        assert foreign_markup(text["text"], r"!date\^\d+\^[^|<>]*\|[^|<>]*") == []


@given(schedules)
def test_submitting_unchanged_gives_exactly_the_stored_values(schedule: Schedule) -> None:
    view = modals.chosen(METADATA, a_preview(schedule), nonce="12345678")
    found = payloads.submission(submitted(view))
    assume(not any(MASK in value for value in found.values.values()))  # later, secrets replace masks (bot.core.kept)
    for field, text in ((Field.ARGS, schedule.args), (Field.KWARGS, schedule.kwargs)):
        text = stored(text, field)  # noqa: PLW2901  # what beat reads
        if field not in found.values:
            assert len(text) > INPUT_TEXT or not _is_valid(text, field)
        elif _is_valid(text, field):
            assert _without_space(found.values[field]) == _without_space(text)
        else:
            assert found.values[field] == text


@given(
    st.lists(st.builds(a_brief, id=ids, name=names, task=names, enabled=st.booleans()), max_size=100),
    st.integers(0, 10_000),
    st.lists(st.builds(a_brief, id=ids, name=names, task=names, enabled=st.booleans()), max_size=20),
)
def test_slack_takes_any_suggestions(briefs: list, more: int, favourites: list) -> None:
    matches = Matches(first=tuple(briefs), total=len(briefs) + (more if briefs else 0))
    answer = modals.suggestions(matches, favourites)
    groups = [group["options"] for group in answer.get("option_groups", [])] or [answer["options"]]
    assert sum(map(len, groups)) <= OPTIONS
    assert [option["value"] for option in groups[0]][: len(favourites)] == [str(one.id) for one in favourites]
    assert options_problems(answer).lines() == []
    assert len(json.dumps(answer)) <= ANSWER_BYTES
    for text in objects(answer, "plain_text"):
        assert len(entities(text["text"])) <= OPTION_TEXT


def _is_valid(text: str, field: Field) -> bool:
    try:
        parse(text, field)
    except Invalid:
        return False
    return True


def _without_space(text: str) -> list[str]:
    return [token.text for token in tokens(text) if token.kind != "space"]
