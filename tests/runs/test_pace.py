"""How fast an installation may post, counted from the rows of its notices."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from bot.core.model import InstallationId, NoticeKind
from bot.models import Notice, Run
from bot.runs import claims, outbox
from bot.runs.claims import Sent
from bot.runs.pace import BURST, EACH
from tests.factories import INSTALLATION, NOW, a_run, slack_says

pytestmark = pytest.mark.django_db
ROOT, ID = NoticeKind.ROOT, NoticeKind.ID


def owed(channel: str = "C0001", number: int = 1, *kinds: NoticeKind) -> list[Run]:
    runs = [a_run(channel=channel) for _ in range(number)]
    for run in runs:
        outbox.owe(run, *(kinds or (ROOT,)), now=NOW)
    return runs


def posted(at: datetime = NOW, limit: int = 100) -> list[Notice]:
    """Claims notices at this moment, and marks them as sent at once."""
    claimed = claims.claim(INSTALLATION, limit, at).notices
    claims.mark_sent([Sent(one, channel=one.run.channel, ts=f"1.{one.pk}", at=at) for one in claimed])
    return claimed


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_a_short_burst_is_posted_at_once_and_then_one_message_a_second() -> None:
    owed("C0001", 10)
    assert [len(posted(NOW + number * EACH)) for number in range(4)] == [BURST, 1, 1, 1]


def test_after_a_rest_a_whole_burst_is_posted_at_once() -> None:
    owed("C0001", 10)
    posted()
    assert len(posted(NOW + BURST * EACH)) == BURST


def test_in_a_minute_one_message_a_second_is_posted_beyond_the_burst() -> None:
    owed("C0001", 80)
    sent = sum(len(posted(NOW + seconds(half / 2))) for half in range(120))
    assert sent == 59 + BURST


def test_channels_do_not_wait_for_each_other() -> None:
    owed("C0001", BURST + 1)
    owed("C0002")
    assert sorted(one.run.channel for one in posted()) == ["C0001"] * BURST + ["C0002"]


def test_replies_go_before_new_threads() -> None:
    first = owed("C0001", BURST, ROOT, ID)
    posted()
    owed("C0001", BURST)
    assert [(one.kind, one.run_id) for one in posted(NOW + BURST * EACH)] == [(ID, run.pk) for run in first]


def test_all_deliverers_share_one_pace() -> None:
    owed("C0001", 2 * BURST)
    one, other = (claims.claim(INSTALLATION, 10, NOW).notices for _ in range(2))
    assert (len(one), other) == (BURST, [])


def test_installations_have_a_pace_of_their_own() -> None:
    owed("C0001", BURST)
    posted()
    theirs = a_run(installation="T0002/A0001")
    outbox.owe(theirs, ROOT, now=NOW)
    assert len(claims.claim(InstallationId("T0002/A0001"), 10, NOW).notices) == 1


def test_a_pause_that_slack_asks_for_holds_for_its_channel_and_all_deliverers() -> None:
    owed("C0001")
    refused, *_ = claims.claim(INSTALLATION, 10, NOW).notices
    claims.pause(refused, NOW + seconds(30), slack_says("ratelimited"), closes=True)
    owed("C0001")
    owed("C0002")
    assert [one.run.channel for one in posted(NOW + seconds(29))] == ["C0002"]
    assert [one.run.channel for one in posted(NOW + seconds(31))] == ["C0001", "C0001"]


def test_edits_do_not_count_and_do_not_wait() -> None:
    (run,) = owed()
    posted()
    outbox.owe_edit(run, now=NOW)
    Notice.objects.filter(kind=NoticeKind.PROGRESS).update(due_at=NOW)
    owed("C0001", BURST)
    assert [one.kind for one in posted()] == [NoticeKind.PROGRESS, *[ROOT] * (BURST - 1)]


def test_messages_to_approvers_do_not_slow_the_runs_channel() -> None:
    run, _ = owed("C0001", 2)
    for person in range(4):
        ask = f"{NoticeKind.ASK}:{person}"
        Notice.objects.create(run=run, installation=INSTALLATION, kind=ask, rank=0, recipient=f"U{person}", due_at=NOW)
    assert len(posted()) == 6


def test_notices_that_wait_for_the_pace_are_postponed_one_after_the_other() -> None:
    """So the next look for due notices doesn't find all of them again."""
    owed("C0001", BURST + 3)
    posted()
    waiting = Notice.objects.filter(state="owed").order_by("due_at").values_list("due_at", flat=True)
    assert list(waiting) == [NOW + number * EACH for number in (1, 2, 3)]
    assert not claims.claim(INSTALLATION, 1, NOW).is_more


@pytest.mark.django_db(transaction=True)
def test_postponing_and_claiming_are_two_transactions() -> None:
    """Each locks rows in the order of their keys. Two deliverers that did both in one would wait for each other."""
    done: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql in (claims.PUT_OFF, claims.CLAIMED):
            done.append("postponed" if sql == claims.PUT_OFF else "claimed")
            transaction.on_commit(lambda: done.append("committed"))
        return execute(sql, params, many, context)

    owed("C0001", BURST + 1)
    with connection.execute_wrapper(note):
        posted()
    assert done[:4] == ["postponed", "committed", "claimed", "committed"]
