"""The messages about a run that waits for approval, or has waited for it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.change_texts import full_line, rows
from bot.core.changes import changes
from bot.core.model import Change, ChannelId, NoticeKind, SlackUserId
from bot.core.reasons import Code, Reason
from bot.core.report import Answered, Asked, Report, Untold
from bot.core.rights import Need, Said
from bot.core.scrub import MASK
from bot.slack import approval_texts
from bot.slack.approvals import review_modal
from bot.slack.blocks import date
from bot.slack.messages import message
from localslack.validation.surfaces import blocks_are_too_long, message_problems, view_is_too_large, view_problems
from tests.factories import ADA, NOW, a_report, unreachable
from tests.slack.forms import objects, read
from tests.slack.test_home import PAGE, a_waiting_run

CARA = SlackUserId("U0CARA")
YES = Answered(slack=CARA, name="cara", is_yes=True, why="")
NO = Answered(slack=CARA, name="cara", is_yes=False, why="no money")
ASKED = Asked(
    needs=(Need(rule="Four eyes", needed=2, approvers=("leads",)),),
    until=NOW,
    mark="0123456789abcdef",
    ask=("S0LEADS",),
)
CHANGES = (Change(name="days", old="7", new="30"), Change(name="token", old=MASK, new=MASK))
MISSING_SCOPE = "missing_scope"


def waiting(**asked: Any) -> Report:
    said = Said(reason="month's end")
    return a_report(state="waiting", sent_at=None, changes=CHANGES, said=said, asked=replace(ASKED, **asked))


def words(report: Report) -> str:
    built = message(report)
    assert message_problems(built["blocks"]).lines() == []
    assert not blocks_are_too_long(built["blocks"])
    return read(built)


def to_an_approver(report: Report, kind: NoticeKind = NoticeKind.ASK) -> Report:
    return replace(report, kind=kind, recipient=CARA)


def test_the_root_says_all_that_an_approver_needs_and_mentions_the_groups() -> None:
    for report in (waiting(), to_an_approver(waiting())):
        said = words(report)
        for one in (
            f"<@{ADA}> asks to run *<https://site.example/runs/1|nightly report>*: waits for approval, not sent",
            "days: 7 -> 30",
            "Secret values in `token` are not shown.",
            "Reason: month's end",
            "the yes of 2 other people, members of leads. Nothing is sent before that.",
            f"It waits until {date(NOW)}.",
        ):
            assert one in said
        assert report.task_id not in said
    assert "<!subteam^S0LEADS> Please approve or decline this." in words(waiting())
    assert "subteam" not in words(to_an_approver(waiting()))


def test_in_their_own_direct_message_the_requester_can_only_stop() -> None:
    """Nobody approves their own run."""
    own = message(replace(waiting(), channel=ChannelId("D0ADA")))
    asked = message(replace(to_an_approver(waiting()), channel=ChannelId("D0CARA")))
    pressed = [[one["text"]["text"] for one in built["blocks"][-1]["elements"]] for built in (own, asked)]
    assert pressed == [["Stop"], ["Approve", "Decline"]]


@pytest.mark.parametrize("hides", [False, True])
def test_after_a_press_that_sent_nothing_the_message_says_how_to_go_on(*, hides: bool) -> None:
    """In words that hold whichever button it has: Approve or Review."""
    found = replace(waiting(problem=unreachable()), changes=changed("a", LONG, "note") if hides else CHANGES)
    for report in (found, to_an_approver(found)):
        said = words(report)
        assert "The last approval sent nothing: " in said
        assert "the broker can't be reached" in said
        assert "runtask doesn't try again by itself. It is sent only if somebody approves it again." in said
        assert "*Approve*" not in said
        assert buttons_in(report)[0] == ("Review…" if hides else "Approve")


def test_a_value_that_is_shown_is_not_named_as_secret() -> None:
    transfer = {"iban": "DE1", "token": "aaaaaaaa", "n": 1}
    found = changes(([], {"transfer": transfer}), ([], {"transfer": transfer | {"iban": "DE2"}}), ("token",))
    said = words(replace(waiting(), changes=found))
    assert 'transfer.iban: "DE1" -> "DE2"' in said
    assert "Secret values in `transfer.token` are not shown." in said


def test_many_secrets_are_named_in_few_words() -> None:
    found = tuple(Change(name=f"token{at}", old=MASK, new=MASK) for at in range(50))
    assert "`token9`, … and 40 more are not shown." in words(replace(waiting(), changes=found))


def test_many_answers_and_rules_share_few_blocks_and_the_rest_is_counted() -> None:
    needs = tuple(Need(rule=f"Rule {number}", needed=9, approvers=("leads",)) for number in range(5))
    report = waiting(needs=needs, answers=(YES,) * 45)
    said = words(report)
    assert (said.count("approved it"), said.count("the yes of 9 other people")) == (45, 5)
    assert len(message(report)["blocks"]) < 12
    said = words(waiting(needs=needs * 20, answers=(YES,) * 100))
    for lines, all_of_them in (("approved it", 100), ("the yes of 9 other people", 100)):
        assert f"… and {all_of_them - said.count(lines)} more" in said


@pytest.mark.parametrize("character", ["&", "`", '"', "x"])
def test_a_message_with_much_text_is_shortened_where_it_is_longest(character: str) -> None:
    """Slack takes about 13,200 characters in all blocks together (gh:slackapi/bolt-js#2509)."""
    report = replace(
        waiting(
            needs=(Need(rule=character * 200, needed=2, approvers=(character * 150, character * 150)),) * 5,
            answers=(replace(NO, why=character * 500),) * 4,
        ),
        changes=(Change(name="days", old=character * 400, new=character * 400),) * 20,
        said=Said(reason=character * 500),
    )
    said = words(report)
    assert f"<@{ADA}> asks to run *<https://site.example/runs/1|nightly report>*" in said
    assert "days: " in said
    assert f"It waits until {date(NOW)}." in said


LONG = "n" * 250
TRANSFER = {"a_note": LONG, "amount": 10, "iban": "DE1"}


def buttons_in(report: Report) -> list[str]:
    return [one["text"]["text"] for one in message(report)["blocks"][-1]["elements"]]


def changed(old: Any, new: Any, name: str = "transfer") -> tuple[Change, ...]:
    return changes(([], {name: old}), ([], {name: new}), ())


def test_an_approver_reads_what_differs_deep_inside_a_long_argument() -> None:
    report = to_an_approver(replace(waiting(), changes=changed(TRANSFER, TRANSFER | {"amount": 99, "iban": "DE2"})))
    assert 'transfer.amount: 10 -> 99\ntransfer.iban: "DE1" -> "DE2"' in words(report)
    assert buttons_in(report) == ["Approve", "Decline"]


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(changed(f"{LONG}1{LONG}1", f"{LONG}2{LONG}2", "note"), id="a part of a long text"),
        pytest.param(tuple(Change(name=f"n{at}", old="1", new="2") for at in range(21)), id="the 21st change"),
        pytest.param(changed([*range(200)], [*range(1, 201)]), id="many values of one argument"),
    ],
)
def test_nobody_can_approve_what_the_message_does_not_show(hidden: tuple[Change, ...]) -> None:
    """Review opens a window with all of it."""
    for report in (replace(waiting(), changes=hidden), to_an_approver(replace(waiting(), changes=hidden))):
        assert "Approve" not in buttons_in(report)
        assert buttons_in(report)[:2] == ["Review…", "Decline"]
        assert approval_texts.NOT_ALL in words(report)


def test_nobody_can_approve_changes_that_are_cut_because_the_message_is_too_long() -> None:
    many = tuple(Change(name=f"n{at}", old='"' * 60, new='"' * 61) for at in range(20))
    report = replace(waiting(), changes=many)
    assert "Approve" in buttons_in(report)
    needs = tuple(Need(rule="&" * 200, needed=2, approvers=("&" * 150, "&" * 150)) for _ in range(5))
    report = replace(waiting(needs=needs, answers=(replace(NO, why="&" * 500),) * 4), changes=many)
    report = replace(report, said=Said(reason="&" * 500))
    assert buttons_in(report)[:2] == ["Review…", "Decline"]
    words(report)


@pytest.mark.parametrize(
    "all_of_it",
    [
        pytest.param(changed(TRANSFER, TRANSFER | {"iban": "DE2"}), id="little"),
        pytest.param(changed(f"{LONG * 40}1", f"{LONG * 40}2", "note"), id="a long text"),
        pytest.param(changed([*range(9000)], [*range(1, 9001)]), id="a long list"),
        pytest.param(tuple(Change(name=f"n{at}", old="1", new="2") for at in range(3000)), id="many changes"),
    ],
)
def test_the_window_shows_everything_before_it_offers_approval(all_of_it: tuple[Change, ...]) -> None:
    view = review_modal(replace(a_waiting_run(), changes=all_of_it), mark="0123")
    assert view_problems(view).lines() == []
    assert not view_is_too_large(view)
    assert view["submit"]["text"] == "Approve"
    shown = "".join(text["text"] for text in objects(view, "text")).replace("\n", "")
    assert shown == "".join(map(full_line, rows(all_of_it)))


@pytest.mark.parametrize("character", ["n", "é", '"'])
def test_what_is_more_than_slack_can_show_is_approved_on_its_page(character: str) -> None:
    much = changed("a", character * 250_000)
    view = review_modal(replace(a_waiting_run(), changes=much), mark="0123")
    assert view_problems(view).lines() == []
    assert "submit" not in view
    assert f"Read it, and approve or decline it, on <{PAGE}|its page>" in read(view)
    view = review_modal(replace(a_waiting_run(), changes=much, page=""), mark="0123")
    assert "on its page. The site lists it under *Waiting for you*." in read(view)


def test_what_is_more_than_slack_can_show_is_not_approved_where_it_has_no_page() -> None:
    """The address is that of the run's record in the admin, where nothing can be approved."""
    much = changed("a", "n" * 250_000)
    view = review_modal(replace(a_waiting_run(), changes=much, has_page=False), mark="0123")
    assert view_problems(view).lines() == []
    assert "submit" not in view
    assert "it can't be approved. Decline it, or ask for a smaller change." in read(view)
    assert "its page" not in read(view)


VOID = Reason(code=Code.SCHEDULE_CHANGED, params={"what": "queue"})
ENDS = {
    "declined": (NO, None, "<@U0CARA> declined it: no money"),
    "lapsed": (YES, None, "It didn't get all the approvals that it needed in time, so it was not sent."),
    "withdrawn": (YES, VOID, "the schedule was changed after it was asked for (queue)"),
}


@pytest.mark.parametrize("state", ENDS)
def test_each_end_is_told_in_words_in_every_message(state: str) -> None:
    answer, problem, expected = ENDS[state]
    report = replace(waiting(answers=(answer,), problem=problem), state=state)
    closed = words(replace(report, kind=NoticeKind.CLOSED))
    assert expected in closed
    assert closed.count(":no_entry:") == 1
    for other in (report, to_an_approver(report, NoticeKind.ANSWERED)):
        assert expected in words(other)
        assert "Decline" not in words(other)


def test_an_approver_who_may_no_longer_see_the_schedule_reads_nothing_of_it() -> None:
    hidden = words(replace(to_an_approver(waiting()), is_hidden=True))
    assert hidden == ":lock: You may not see this schedule any more."


@pytest.mark.parametrize(
    ("untold", "expected"),
    [
        (Untold(), "nobody who can approve this has a Slack account that is linked to the site"),
        (Untold(number=1, all=3, because="user_disabled"), "no direct message: 1 of 3 (Slack says `user_disabled`)"),
        (Untold(number=1, all=3, because=MISSING_SCOPE), "no direct message: 1 of 3 (Slack says `missing_scope`)"),
        (
            Untold(number=3, all=3, because=MISSING_SCOPE),
            "No approver got a direct message: the app lacks Slack's scope `im:write`",
        ),
    ],
)
def test_the_root_says_which_approvers_could_not_be_told(untold: Untold, expected: str) -> None:
    assert expected in words(waiting(untold=untold))
    assert "direct message" not in words(waiting())
    assert "direct message" not in words(to_an_approver(waiting(untold=untold)))
