"""The Home tab's view: what it shows, and that Slack takes it, whatever the contents are."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Brief, Change, RunId, ScheduleId
from bot.core.policy import Denied
from bot.core.reasons import Code
from bot.core.status import OPEN, RunState
from bot.runs import approvals, favourites, homes, now
from bot.runs.approvals import WaitingFor, WaitingRun
from bot.runs.homes import Contents
from bot.runs.now import Now, OpenRun
from bot.runs.own import OwnRun
from bot.slack import approval_texts, home, texts
from localslack.validation.surfaces import view_is_too_large, view_problems
from tests.core import strategies
from tests.factories import ADA, NOW, a_brief
from tests.slack.forms import foreign_markup, objects

Json = dict[str, Any]
NOTHING = Now(first=(), more=0, is_more_at_least=False)
PAGE = "https://site.example/runs/1/"
THREAD = "https://acme.slack.com/archives/C1/p1"
AT = f"<!date^{int(NOW.timestamp())}^{{date_short_pretty}} {{time}}|2026-11-05 12:00 UTC>"


WAITING_LINE = (
    f"*<{PAGE}|nightly report>*, asked for by <@U0ADA>: month's end\nIt waits until {AT}.\n"
    ":lock: Secret values in `token` are not shown."
)


def an_open_run(**changes: Any) -> OpenRun:
    run = OpenRun(
        run=RunId(1), schedule="nightly report", requester=ADA, name="ada", is_own=True, since=NOW, state=RunState.RUNNING,
        status="STARTED", can_stop=True, is_stopping=False, is_own_stop=False, thread=THREAD, page=PAGE,
    )  # fmt: skip
    return replace(run, **changes)


def an_own_run(**changes: Any) -> OwnRun:
    run = OwnRun(
        run=RunId(2), schedule="nightly report", at=NOW, state=RunState.FINISHED, status="SUCCESS", duration=3.2,
        is_stopping=False, thread=THREAD, page=PAGE,
    )  # fmt: skip
    return replace(run, **changes)


def a_waiting_run(**changes: Any) -> WaitingRun:
    run = WaitingRun(
        run=RunId(5), mark="0123", schedule="nightly report", requester=ADA, name="ada", since=NOW, until=NOW,
        changes=(Change(name="token", old="••••••", new="••••••"),), reason="month's end", page=PAGE, has_page=True,
    )  # fmt: skip
    return replace(run, **changes)


def contents(**changes: Any) -> Contents:
    return replace(
        Contents(at=NOW, has_schedules=True, waiting=WaitingFor(), now=NOTHING, favourites=(), last=(), marks={}),
        **changes,
    )


def lines(view: Json) -> list[str]:
    """The text that somebody reads, one line per block, with buttons in brackets."""
    return [_line(block) for block in view["blocks"]]


def _line(block: Json) -> str:
    if block["type"] == "divider":
        return "---"
    if block["type"] == "rich_text":
        return "\n".join(one["text"] for one in objects(block, "text"))
    words = [block["text"]["text"]] if "text" in block else []
    buttons = [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
    for one in buttons:
        if one["type"] == "button":
            words.append(f"[{one['text']['text']} {one['action_id']} {one['value']}]")
        elif one["type"] == "static_select":
            values = " ".join(option["value"] for option in one["options"])
            words.append(f"[{one['placeholder']['text']} {one['action_id']} {values}]")
        else:
            words.append(one["text"])
    return " ".join(words)


def test_a_full_home_has_these_lines() -> None:
    theirs = an_open_run(run=RunId(3), schedule="a & b", is_own=False, can_stop=False, is_stopping=True)
    view = home.view(
        contents(
            now=Now(first=(an_open_run(), replace(theirs, state=RunState.SENT)), more=4, is_more_at_least=False),
            waiting=WaitingFor(first=(a_waiting_run(),), more=2),
            favourites=(a_brief(), a_brief(id=ScheduleId(8), name="asleep", enabled=False)),
            last=(
                an_own_run(),
                an_own_run(run=RunId(4), state=RunState.WITHDRAWN, status="", thread="", duration=None),
            ),
        ),
        note="Something to read.",
    )
    assert lines(view) == [
        ":warning: Something to read.",
        "[Run a schedule home_run 0]",
        "Waiting for you",
        WAITING_LINE,
        "token: •••••• (a secret was changed)",
        "[Approve home_approve 5:0123] [Decline home_decline 5:0123]",
        "Not shown: 2 more.",
        "Running now",
        f":arrow_forward: *<{THREAD}|nightly report>*: running\nYou asked for it, {AT} [Stop home_stop 1]",
        f":hourglass_flowing_sand: *<{PAGE}|a &amp; b>*: sent\n<@U0ADA> asked for it, {AT}\n{texts.STOP_ASKED}",
        "Not shown: 4 more.",
        "Your favourites",
        "*nightly report*\n`reports.tasks.nightly` [Run home_run_favourite 7]",
        "*asleep* (disabled)\n`reports.tasks.nightly` [Run home_run_favourite 8]",
        "[★ Remove a favourite home_unstar 7 8]",
        "Your last runs",
        f":white_check_mark: *<{THREAD}|nightly report>*: *SUCCESS* after 3.2 s\n{AT} [Run again home_run_again 2]",
        f":no_entry: *<{PAGE}|nightly report>*: withdrawn, not run\n{AT} [Run again home_run_again 4]",
        "---",
        texts.HOME_AS_OF.format(at=AT),
    ]
    stop = view["blocks"][8]["accessory"]
    assert stop["confirm"]["text"]["text"] == texts.STOP_MEANS


def test_home_says_that_more_may_wait_than_were_counted() -> None:
    waiting = WaitingFor(first=(a_waiting_run(),), more=190, is_more_at_least=True)
    assert "Not shown: at least 190 more." in lines(home.view(contents(waiting=waiting)))


def test_home_says_how_many_changes_it_does_not_show() -> None:
    """The reader approves them, too."""
    changes = tuple(Change(name=f"n{number}", old="1", new="2") for number in range(8))
    [text] = [one for one in waiting_lines(changes) if "n4: 1 -> 2" in one]
    assert text.splitlines()[-1] == "… and 3 more"
    assert "n5" not in text


def test_a_long_old_value_does_not_hide_the_new_one() -> None:
    change = Change(name="ids", old=f'"{"a" * 300}"', new=f'"{"b" * 300}"')
    assert any('-> "bbb' in one for one in waiting_lines((change,)))


def test_changes_that_do_not_fit_are_counted() -> None:
    changes = tuple(Change(name=f"n{number}", old='"&&&"' * 40, new='"<>"' * 50) for number in range(5, 11))
    [text] = [one for one in waiting_lines(changes) if "n5" in one]
    assert re.search(r"^… and [1-4] more$", text, re.MULTILINE)
    assert len(text) < 3000


HIDDEN = [
    pytest.param((Change(name="note", old=f'"{"a" * 300}1"', new=f'"{"a" * 300}2"'),), id="the end of a long text"),
    pytest.param(tuple(Change(name=f"n{number}", old="1", new="2") for number in range(6)), id="a sixth change"),
]


@pytest.mark.parametrize("changes", HIDDEN)
def test_where_home_does_not_show_all_changes_nobody_can_approve_them_there(changes: tuple[Change, ...]) -> None:
    """Review opens a window with all of them."""
    shown = waiting_lines(changes)
    assert "[Review… review 5:0123] [Decline home_decline 5:0123]" in shown
    assert not any("home_approve" in one for one in shown)
    assert any(approval_texts.NOT_ALL in one for one in shown)


def waiting_lines(changes: tuple[Change, ...]) -> list[str]:
    return lines(home.view(contents(waiting=WaitingFor(first=(a_waiting_run(changes=changes),)))))


def test_an_empty_home_says_what_to_do() -> None:
    assert lines(home.view(contents()))[1:-2] == [
        "Waiting for you",
        approval_texts.NOTHING_WAITS,
        "Running now",
        texts.HOME_NOTHING_RUNNING,
        "Your favourites",
        texts.HOME_NO_FAVOURITES,
        "Your last runs",
        texts.HOME_NO_RUNS,
    ]
    assert lines(home.view(contents(has_schedules=False))) == [texts.NO_SCHEDULES]


def test_people_who_may_see_nothing_read_why_and_what_helps() -> None:
    read = lines(home.refused(Denied(code=Code.NO_LINK, params={"user": "U0ADA"})))
    assert "`runtask staff add U0ADA YOUR-USER-NAME`" in read[0]
    assert read[1] == texts.HOME_REFUSED
    for view in (home.refused(Denied(code=Code.GUEST)), home.failed(texts.SORRY)):
        assert view_problems(view, kind="home").lines() == []


@pytest.mark.parametrize(("is_own_stop", "words"), [(True, "You have asked"), (False, "Somebody has asked")])
def test_home_says_whether_the_reader_has_asked_to_stop_a_run(is_own_stop: bool, words: str) -> None:
    run = an_open_run(is_stopping=True, is_own_stop=is_own_stop)
    view = home.view(contents(now=Now(first=(run,), more=0, is_more_at_least=False)))
    assert f"{words} to stop it." in "\n".join(lines(view))


def test_other_peoples_runs_have_no_links_to_their_threads() -> None:
    """Their threads may be in places where the reader isn't."""
    view = home.view(contents(now=Now(first=(an_open_run(is_own=False),), more=0, is_more_at_least=False)))
    assert "acme.slack.com" not in str(view)


names = st.text(strategies.characters, min_size=1, max_size=200) | strategies.long(200)
briefs = st.builds(Brief, id=st.integers(1, 2**63 - 1), name=names, task=names, enabled=st.booleans())
open_runs = st.builds(
    an_open_run, run=st.integers(1, 2**63 - 1), schedule=names, requester=st.sampled_from([ADA, ""]), name=names,
    is_own=st.booleans(), state=st.sampled_from(sorted(OPEN)), status=strategies.long(50), can_stop=st.booleans(),
    is_stopping=st.booleans(), is_own_stop=st.booleans(), thread=st.sampled_from(["", THREAD]),
    page=st.sampled_from(["", PAGE]),
)  # fmt: skip
own_runs = st.builds(
    an_own_run, run=st.integers(1, 2**63 - 1), schedule=names, state=st.sampled_from(sorted(set(RunState) - OPEN)),
    status=strategies.long(50), duration=st.none() | st.floats(0, 10**7), thread=st.sampled_from(["", THREAD]),
    page=st.sampled_from(["", PAGE]),
)  # fmt: skip


def many(of: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[Any]:
    """Tuples of at most `most` of these, often as many as that. Each run or schedule is in a tuple once."""
    lists = partial(st.lists, of, max_size=most, unique_by=lambda one: one.id if isinstance(one, Brief) else one.run)
    return lists().map(tuple) | lists(min_size=most).map(tuple)


running = st.builds(Now, first=many(open_runs, now.MOST), more=st.integers(0, 200), is_more_at_least=st.booleans())


values = st.none() | strategies.long(300)
waiting = st.builds(
    a_waiting_run, run=st.integers(1, 2**63 - 1), mark=st.just("0" * 16), schedule=names, name=names,
    requester=st.sampled_from([ADA, ""]), reason=strategies.long(500), page=st.sampled_from(["", PAGE]),
    changes=st.lists(st.builds(Change, name=names, old=values, new=values), max_size=8).map(tuple),
)  # fmt: skip


@given(running, many(briefs, favourites.MOST), many(own_runs, homes.LAST), many(waiting, approvals.SHOWN))
def test_slack_takes_any_home(
    found: Now, own: tuple[Brief, ...], last: tuple[OwnRun, ...], mine: tuple[WaitingRun, ...]
) -> None:
    view = home.view(
        contents(now=found, favourites=own, last=last, waiting=WaitingFor(first=mine, more=3)), note="A note."
    )
    assert view_problems(view, kind="home").lines() == []
    assert not view_is_too_large(view)
    for text in objects(view, "mrkdwn"):
        assert text["verbatim"] is True
        ours = r"!date\^\d+\^[^|<>]*\|[^|<>]*|@U0ADA|https://[^|<>]*\|[^<>]*"
        assert foreign_markup(text["text"], ours) == []
