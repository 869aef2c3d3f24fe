"""The options of the form's menus: the picker's schedules, and the earlier runs under "Fill in from"."""

import json
from typing import Any

import pytest

from bot.core.again import Earlier, Fill
from bot.core.model import Change, Matches, RunId, ScheduleId
from bot.core.status import RunState
from bot.slack import filling, modals, texts
from bot.slack.blocks import entities
from bot.slack.ids import ANSWER_BYTES, OPTION_DESCRIPTION, OPTION_TEXT
from localslack.validation.surfaces import options_problems
from tests.factories import ADA, NOW, a_brief
from tests.slack.forms import objects


def test_favourites_come_first_and_only_once() -> None:
    briefs = tuple(a_brief(id=ScheduleId(number), name=f"No. {number}") for number in range(100))
    answer = modals.suggestions(Matches(first=briefs, total=120), briefs[98:])
    own, others = answer["option_groups"]
    assert (own["label"]["text"], [one["value"] for one in own["options"]]) == (texts.FAVOURITES, ["98", "99"])
    assert (others["label"]["text"], len(others["options"])) == ("100 of 120, keep typing", 98)


@pytest.mark.parametrize(
    ("name", "enabled", "label"),
    [
        pytest.param("nightly report", True, "nightly report", id="the name itself"),
        pytest.param("x" * OPTION_TEXT, True, "x" * OPTION_TEXT, id="just fits"),
        pytest.param("a" * 50 + "b" * 50, True, "a" * 37 + "…" + "b" * 37, id="cut in the middle"),
        pytest.param("nightly", False, "nightly (disabled)", id="disabled"),
        pytest.param("a" * 50 + "b" * 50, False, "a" * 32 + "…" + "b" * 31 + " (disabled)", id="disabled and cut"),
        pytest.param("a\nb\x1b[1m\u202ec", True, "a bc", id="hostile"),
        pytest.param("\x1b[1m", True, "?", id="nothing to see"),
        pytest.param("  ", True, "?", id="only spaces"),
    ],
)
def test_an_option_is_labelled_with_its_name(name: str, enabled: bool, label: str) -> None:
    option = modals.option(a_brief(name=name, enabled=enabled))
    assert option["text"]["text"] == label
    assert option["value"] == "7"
    assert option["description"]["text"] == "reports.tasks.nightly"


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize(
    "name",
    ["&" * 80, "Billing & " + "x" * 65, "x" * 71 + "&", "<b>" * 30],
    ids=["only entities", "an entity inside", "an entity at the end", "tags"],
)
def test_an_option_fits_even_if_slack_counts_entities(name: str, enabled: bool) -> None:
    option = modals.option(a_brief(name=name, task=name, enabled=enabled))
    for text, limit in ((option["text"]["text"], OPTION_TEXT), (option["description"]["text"], OPTION_DESCRIPTION)):
        assert limit - 10 < len(entities(text)) <= limit, "it is cut no more than necessary"
    assert option["text"]["text"].endswith("" if enabled else texts.DISABLED_MARK)


def test_an_earlier_run_as_an_option_fits_even_if_slack_counts_entities() -> None:
    changes = (Change(name="a<b", old="&" * 40, new=">" * 40),)
    run = Earlier(
        run=RunId(1), requester=ADA, name="&" * 80, at=NOW, state=RunState.FINISHED, status="&" * 40, changes=changes
    )
    [menu] = filling.menu(Fill(recent=(run,)), "1")
    for option in menu["element"]["options"]:
        assert all(len(entities(text["text"])) <= OPTION_TEXT for text in objects(option, "plain_text"))


def many(count: int, total: int | None = None, **changes: Any) -> Matches:
    briefs = tuple(a_brief(id=ScheduleId(n), **{"name": f"job {n}", **changes}) for n in range(count))
    return Matches(first=briefs, total=count if total is None else total)


def test_all_that_match_are_shown_as_plain_options() -> None:
    answer = modals.suggestions(many(100))
    assert [option["value"] for option in answer["options"]] == [str(n) for n in range(100)]
    assert modals.suggestions(many(0)) == {"options": []}


def test_a_label_says_when_there_are_more() -> None:
    (group,) = modals.suggestions(many(100, total=431))["option_groups"]
    assert group["label"]["text"] == "100 of 431, keep typing"
    assert len(group["options"]) == 100


@pytest.mark.parametrize("character", ["é", "漢", "😀", "&", '"', "\\"])
def test_suggestions_are_cut_to_the_size_of_a_socket_frame(character: str) -> None:
    matches = many(100, name=character * 200, task=character * 200)
    answer = modals.suggestions(matches)
    assert options_problems(answer).lines() == []
    assert len(json.dumps(answer)) <= ANSWER_BYTES
    shown = answer.get("options") or answer["option_groups"][0]["options"]
    if len(shown) < 100:
        assert answer["option_groups"][0]["label"]["text"] == f"{len(shown)} of 100, keep typing"
        assert len(json.dumps(answer)) > ANSWER_BYTES * 0.9, "the list is cut no more than necessary"
