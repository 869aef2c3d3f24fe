"""Owed notices: their order, which deliverer may post them, and when they are parked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from bot.core.model import NoticeKind
from bot.core.reasons import Code, Reason
from bot.models import Notice, Run
from bot.runs import claims, outbox, pace
from bot.runs.claims import CLAIM, Sent
from bot.runs.outbox import EDIT_PACE
from tests.factories import INSTALLATION, NOW, a_run, slack_says

ROOT, ID, PROGRESS, DEADLINE, FINAL = (
    NoticeKind.ROOT,
    NoticeKind.ID,
    NoticeKind.PROGRESS,
    NoticeKind.DEADLINE,
    NoticeKind.FINAL,
)
SOON = NOW + timedelta(seconds=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "ONE_LEFT", timedelta(days=1))


@pytest.fixture
def run(db: None) -> Run:
    return a_run()


def claim(limit: int = 10, after: timedelta = timedelta(0)) -> list[Notice]:
    return claims.claim(INSTALLATION, limit, NOW + after).notices


def kinds(notices: list[Notice]) -> list[str]:
    return [notice.kind for notice in notices]


def send(notice: Notice, ts: str = "1.1") -> None:
    claims.mark_sent([Sent(notice, channel=notice.run.channel, ts=ts, at=NOW)])


def behind(kind: NoticeKind) -> Reason:
    return Reason(code=Code.BEHIND_ANOTHER, params={"notice": kind})


def states(run: Run) -> dict[str, str]:
    return dict(Notice.objects.filter(run=run).values_list("kind", "state"))


def the(run: Run, kind: NoticeKind) -> Notice:
    return Notice.objects.get(run=run, kind=kind)


def test_a_notice_that_is_owed_already_is_not_saved_twice(run: Run) -> None:
    outbox.owe(run, ROOT, ID, now=NOW)
    send(claim()[0])
    outbox.owe(run, ROOT, ID, FINAL, now=NOW)
    assert states(run) == {ROOT: "sent", ID: "owed", FINAL: "behind"}


def test_a_run_that_belongs_to_no_channel_owes_nothing(db: None) -> None:
    outbox.owe(a_run(channel=""), ROOT, ID, now=NOW)
    assert not Notice.objects.exists()


def test_the_notices_of_a_run_go_out_in_order(run: Run) -> None:
    outbox.owe(run, FINAL, DEADLINE, ID, ROOT, now=NOW)
    order = []
    while claimed := claim():
        order += kinds(claimed)
        for notice in claimed:
            send(notice)
    assert order == [ROOT, ID, DEADLINE, FINAL]


def test_runs_do_not_wait_for_each_other_and_the_oldest_notice_is_first(db: None) -> None:
    first, second = a_run(), a_run()
    outbox.owe(second, ROOT, now=NOW - timedelta(seconds=5))
    outbox.owe(first, ROOT, ID, now=NOW)
    assert [notice.run_id for notice in claim()] == [second.pk, first.pk]


def test_a_progress_edit_waits_for_the_root_and_blocks_no_other_notice(run: Run) -> None:
    outbox.owe(run, ROOT, ID, FINAL, now=NOW)
    outbox.owe_edit(run, now=NOW)
    (root,) = claim()
    assert root.kind == ROOT
    send(root)
    assert set(kinds(claim())) == {ID, PROGRESS}
    send(the(run, ID))
    assert kinds(claim()) == [FINAL]


def test_nothing_is_claimed_before_it_is_due_or_beyond_the_limit(db: None) -> None:
    late, other, third = a_run(), a_run(channel="C0002"), a_run(channel="C0003")
    outbox.owe(late, ROOT, now=SOON)
    outbox.owe(other, ROOT, now=NOW)
    outbox.owe(third, ROOT, now=NOW)
    assert [notice.run_id for notice in claim(limit=1)] == [other.pk]
    assert [notice.run_id for notice in claim()] == [third.pk]
    assert [notice.run_id for notice in claim(after=timedelta(seconds=2))] == [late.pk]


def test_a_claimed_notice_is_not_for_other_deliverers_until_the_claim_ends(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    (mine,) = claim()
    assert mine.tried_at is None, "no deliverer has tried it before"
    assert claim() == []
    assert claim(after=CLAIM) == []
    (theirs,) = claim(after=CLAIM + timedelta(seconds=1))
    assert theirs.tried_at == NOW, "the dead deliverer may have posted it"

    send(mine, ts="from the dead")
    assert states(run) == {ROOT: "claimed"}
    send(theirs, ts="2.2")
    root = the(run, ROOT)
    assert (root.state, root.ts, root.tried_at) == ("sent", "2.2", None)


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_never_claim_the_same_notice() -> None:
    for _ in range(20):
        outbox.owe(a_run(), ROOT, now=NOW)

    def claim_all(_: int) -> list[int]:
        try:
            mine: list[int] = []
            while claimed := claims.claim(INSTALLATION, 3, NOW).notices:
                mine += [notice.pk for notice in claimed]
            return mine
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        claimed = [pk for part in pool.map(claim_all, range(4)) for pk in part]
    assert len(claimed) == len(set(claimed)) == 20


def test_a_failed_try_is_owed_later_and_counted(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    claims.retry(claim()[0], SOON, slack_says("x" * 500))
    root = the(run, ROOT)
    assert (root.state, root.due_at, root.attempts, root.tried_at) == ("owed", SOON, 1, None)
    assert Reason.load(root.problem) == slack_says("?", "?")


def test_a_pause_does_not_count_as_a_failed_try(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    claims.pause(claim()[0], SOON, slack_says("ratelimited"))
    assert the(run, ROOT).attempts == 0


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([False], None, id="refused"),
        pytest.param([True], NOW, id="lost"),
        pytest.param([True, False], NOW, id="lost, then refused"),
        pytest.param([False, True], SOON, id="refused, then lost"),
    ],
)
def test_the_next_try_knows_when_the_answer_of_an_earlier_try_was_lost(
    run: Run, answers: list[bool], expected: object
) -> None:
    outbox.owe(run, ROOT, now=NOW)
    for number, lost in enumerate(answers):
        (notice,) = claim(after=timedelta(seconds=number))
        claims.retry(notice, NOW, slack_says("no"), maybe_posted=lost)
    assert the(run, ROOT).tried_at == expected


def edited(run: Run) -> Notice:
    """Posts the run's root, and claims its edit."""
    outbox.owe(run, ROOT, now=NOW)
    send(claim()[0])
    outbox.owe_edit(run, now=NOW)
    (edit,) = claim()
    return edit


def test_an_edit_owed_again_while_it_is_being_sent_stays_owed(run: Run) -> None:
    edit = edited(run)
    outbox.owe_edit(run, now=NOW)
    send(edit)
    assert states(run)[PROGRESS] == "owed"
    (again,) = claim(after=EDIT_PACE)
    send(again)
    assert states(run)[PROGRESS] == "sent"


def test_edits_in_quick_succession_are_made_as_one_at_their_pace(run: Run) -> None:
    send(edited(run))
    for _ in range(5):
        outbox.owe_edit(run, now=NOW)
    assert the(run, PROGRESS).due_at == NOW + EDIT_PACE
    assert claim() == []
    assert kinds(claim(after=EDIT_PACE)) == [PROGRESS]


def test_the_last_edit_does_not_wait(run: Run) -> None:
    send(edited(run))
    outbox.owe_edit(run, now=NOW)
    outbox.owe_edit(run, now=NOW, at_once=True)
    assert kinds(claim()) == [PROGRESS]


@pytest.mark.parametrize(
    ("given_up", "parked"),
    [(ROOT, {ROOT, ID, PROGRESS, FINAL}), (ID, {ID, FINAL})],
    ids=["root", "id"],
)
def test_notices_behind_a_parked_one_are_parked_too(run: Run, given_up: NoticeKind, parked: set[NoticeKind]) -> None:
    outbox.owe(run, ROOT, ID, FINAL, now=NOW)
    outbox.owe_edit(run, now=NOW)
    if given_up is ID:
        send(claim(limit=1)[0])
    claims.park(next(notice for notice in claim() if notice.kind == given_up), slack_says("invalid_blocks"), NOW)
    assert {kind for kind, state in states(run).items() if state == "parked"} == parked
    assert the(run, given_up).problem == slack_says("invalid_blocks").dump()
    assert Reason.load(the(run, FINAL).problem) == behind(given_up)


def test_a_new_notice_behind_a_parked_one_is_parked_at_once(run: Run) -> None:
    """Otherwise each look would find it again, and the admin would never show why it isn't posted."""
    outbox.owe(run, ROOT, ID, now=NOW)
    claims.park(claim()[0], slack_says("invalid_blocks"), NOW)
    outbox.owe(run, FINAL, now=NOW)
    outbox.owe_edit(run, now=NOW, at_once=True)
    assert set(states(run).values()) == {"parked"}
    assert Reason.load(the(run, FINAL).problem) == behind(ROOT)


def test_a_parked_edit_blocks_no_other_notice_and_is_tried_at_the_next_change(run: Run) -> None:
    edit = edited(run)
    outbox.owe(run, ID, now=NOW)
    claims.park(edit, slack_says("cant_update_message"), NOW)
    assert states(run) == {ROOT: "sent", PROGRESS: "parked", ID: "owed"}
    outbox.owe_edit(run, now=NOW)
    assert states(run)[PROGRESS] == "owed"


def test_redirecting_the_root_sends_it_to_the_new_channel(run: Run) -> None:
    outbox.owe(run, ROOT, ID, now=NOW)
    (root,) = claim()
    claims.redirect(root, channel="D1", because="not_in_channel", now=NOW)
    run.refresh_from_db()
    assert (run.channel, run.redirected_from, run.redirected_because) == ("D1", "C0001", "not_in_channel")
    (again,) = claim()
    assert (again.kind, again.run.channel, again.tried_at) == (ROOT, "D1", None)


def test_redirecting_a_reply_posts_a_root_in_the_new_channel_first(run: Run) -> None:
    outbox.owe(run, ROOT, ID, now=NOW)
    send(claim()[0])
    Run.objects.update(thread="1.1")
    (reply,) = claim()
    claims.redirect(reply, channel="D1", because="x" * 100, now=NOW)
    run.refresh_from_db()
    assert (run.thread, run.redirected_because) == ("", "x" * 64)
    (root,) = claim()
    assert root.kind == ROOT
    send(root)
    assert kinds(claim()) == [ID]


def test_a_second_redirection_keeps_the_channel_that_was_asked_for(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    claims.redirect(claim()[0], channel="D1", because="first", now=NOW)
    claims.redirect(claim()[0], channel="D2", because="second", now=NOW)
    run.refresh_from_db()
    assert (run.channel, run.redirected_from, run.redirected_because) == ("D1", "C0001", "first")


@pytest.mark.parametrize(
    "settle",
    [
        lambda notice: claims.mark_sent([Sent(notice, channel="C", ts="9.9", at=NOW)]),
        lambda notice: claims.retry(notice, SOON, slack_says("late")),
        lambda notice: claims.park(notice, slack_says("late"), NOW),
    ],
    ids=["sent", "retry", "park"],
)
def test_a_deliverer_that_has_lost_its_claim_changes_nothing(run: Run, settle: Callable[[Notice], None]) -> None:
    outbox.owe(run, ROOT, now=NOW)
    (mine,) = claim()
    claim(after=CLAIM * 2)
    before = Notice.objects.filter(run=run).values().get()
    settle(mine)
    assert Notice.objects.filter(run=run).values().get() == before
