"""While a run waits, approvers get direct messages. Its thread is told how the waiting ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from bot.core.model import Actor, ChannelId, Destination, NoticeKind, Place, SlackAccount, SlackUserId
from bot.core.ports import ChannelClosed, MessageRefused
from bot.core.reasons import Code
from bot.core.report import Report, Untold
from bot.core.status import RunState
from bot.models import Home, Installation, Notice, NoticeState, Run, SlackLink
from bot.runs import clock
from bot.runs.approvals import Tending
from tests.factories import INSTALLATION, TEAM, slack_says
from tests.fakes import DIRECT
from tests.runs.approving import TWO_PAIRS_OF_EYES, asked, kinds, ruled_door, says_no, says_yes, waiting
from tests.runs.conftest import Door
from tests.runs.post import Post
from tests.runs.ruled import in_force, person

pytestmark = pytest.mark.django_db(transaction=True)
HERE = Destination(
    installation=INSTALLATION,
    place=Place(channel=ChannelId("D0ADA")),
    requester=SlackAccount(team=TEAM, user=SlackUserId("U0ADA")),
)


@pytest.fixture
def door(transactional_db: None) -> Door:
    return ruled_door()


def linked(name: str, *groups: str, team: str = TEAM, **fields: Any) -> Actor:
    actor = person(name, *groups, email=f"{name}@x")
    SlackLink.objects.create(
        team=team,
        slack_user=f"U0{name.upper()}",
        user_id=str(actor.user),
        home=team,
        **{"checked_at": timezone.now(), **fields},
    )
    return actor


def tend(door: Door) -> None:
    Tending(door.platform).step()


def told(run: Run) -> list[str]:
    asks = Notice.objects.filter(run=run, kind__startswith="ask:").order_by("kind")
    return [str(one.recipient) for one in asks]


def test_linked_approvers_are_asked_directly_once(door: Door) -> None:
    linked("cara", "leads")
    linked("dora", "leads", checked_at=timezone.now() - timedelta(days=1))
    linked("eve", "leads", checked_at=None)
    linked("ben")
    linked("far", "leads", team="T0ELSE")
    linked("left", "leads", is_deleted=True)
    get_user_model().objects.filter(pk=str(linked("off", "leads").user)).update(is_active=False)
    run = waiting(door, requester=linked("ana", "leads"), destination=HERE)
    for _ in range(2):
        tend(door)
    assert told(run) == ["U0CARA", "U0DORA", "U0EVE"]  # recently active people come first; the requester isn't asked
    assert kinds(run, "U0CARA") == ["ask:0"]


def test_at_most_ten_are_asked_and_a_superuser_may_be_one(door: Door) -> None:
    for number in range(12):
        linked(f"lead{number}", "leads", checked_at=timezone.now() - timedelta(hours=number))
    root = linked("root")
    get_user_model().objects.filter(pk=str(root.user)).update(is_superuser=True)
    SlackLink.objects.filter(user_id=str(root.user)).update(checked_at=timezone.now() + timedelta(hours=1))
    run = waiting(door, destination=HERE)
    tend(door)
    assert told(run) == ["U0ROOT", *(f"U0LEAD{number}" for number in range(9))]


@pytest.mark.parametrize("approvers", [("leads",), ()], ids=["a group", "whoever may run it"])
def test_an_approver_among_many_linked_people_is_found(door: Door, approvers: tuple[str, ...]) -> None:
    """If the rule names no group, only a check of each person says who may approve."""
    users = get_user_model().objects.bulk_create(
        get_user_model()(username=f"u{number}", is_staff=True) for number in range(200)
    )
    members = get_user_model().groups.through.objects
    leads, staff = (Group.objects.get_or_create(name=name)[0] for name in ("leads", "staff"))
    members.bulk_create(members.model(user=user, group=leads if approvers else staff) for user in users)
    SlackLink.objects.bulk_create(
        SlackLink(team=TEAM, slack_user=f"U{number}", user=user, is_guest=True, checked_at=timezone.now())
        for number, user in enumerate(users)
    )
    linked("cara", "leads", checked_at=None)
    in_force(replace(TWO_PAIRS_OF_EYES, approvers=approvers, run=("leads",)))
    run = asked(door, requester=linked("ana", "leads"), destination=HERE)
    tend(door)
    assert told(run) == ["U0CARA"]


def test_approvers_who_read_the_thread_are_not_asked_directly(door: Door) -> None:
    linked("cara", "leads")
    in_force(replace(TWO_PAIRS_OF_EYES, ask=("S1",)))
    run = asked(door, destination=replace(HERE, place=Place(channel=ChannelId("C1"))))
    tend(door)
    assert told(run) == []
    unread = asked(door, destination=HERE, key="web:1:b")
    tend(door)
    assert told(unread) == ["U0CARA"]


def test_if_the_channel_turns_out_to_be_closed_approvers_are_asked_directly(door: Door, post: Post) -> None:
    linked("cara", "leads")
    in_force(replace(TWO_PAIRS_OF_EYES, ask=("S1",)))
    run = asked(door, requester=linked("ada"), destination=replace(HERE, place=Place(channel=ChannelId("C1"))))
    tend(door)
    assert told(run) == []
    post.slack.fail(ChannelClosed(slack_says("not_in_channel")))
    deliver(post)
    tend(door)
    assert told(run) == ["U0CARA"]


@pytest.mark.parametrize("is_shared_later", [False, True])
def test_if_another_company_reads_the_channel_approvers_are_asked_directly(
    door: Door, post: Post, *, is_shared_later: bool
) -> None:
    """The messages in such a channel mention nobody, so they ask nobody."""
    channel = ChannelId("C1")
    in_force(replace(TWO_PAIRS_OF_EYES, ask=("S1",), approvals=2))
    cara = linked("cara", "leads")
    run = asked(door, requester=linked("ada"), destination=replace(HERE, place=Place(channel=channel)))
    tend(door)
    if is_shared_later:
        deliver(post)
        tend(door)
        assert told(run) == []
        says_yes(door, run, person("dora", "leads"))
    post.slack.external.add(channel)
    deliver(post)
    tend(door)
    assert told(run) == ["U0CARA"]
    deliver(post)
    assert [report.channel for report in by_kind(post.slack.posts, NoticeKind.ASK)] == [DIRECT]
    says_yes(door, run, cara)
    deliver(post)
    tend(door)
    assert kinds(run, "U0CARA") == ["answered:0", "ask:0"]


def test_if_the_root_is_one_line_of_text_approvers_are_asked_directly(door: Door, post: Post) -> None:
    """That line mentions nobody and has no buttons."""
    linked("cara", "leads")
    in_force(replace(TWO_PAIRS_OF_EYES, ask=("S1",)))
    run = asked(door, requester=linked("ada"), destination=replace(HERE, place=Place(channel=ChannelId("C1"))))
    tend(door)
    post.slack.fail(MessageRefused(slack_says("invalid_blocks")))
    deliver(post)
    tend(door)
    assert told(run) == ["U0CARA"]


def test_a_run_without_messages_asks_in_the_only_workspace(door: Door) -> None:
    linked("cara", "leads")
    Installation.objects.create(key=INSTALLATION, seen_at=timezone.now())
    run = waiting(door, destination=None)
    tend(door)
    assert told(run) == ["U0CARA"]
    assert kinds(run) == []


def test_the_home_of_an_approver_is_owed(door: Door) -> None:
    linked("cara", "leads")
    now = timezone.now()
    Home.objects.create(installation=INSTALLATION, slack_user="U0CARA", opened_at=now, shown={}, claimed_until=now)
    waiting(door, destination=HERE)
    tend(door)
    assert Home.objects.get().shown is None


def deliver(post: Post) -> None:
    """Posts every owed notice, at Slack's pace."""
    post.now = max(post.now, clock.now())
    for _ in range(6):
        post.deliver(1.5)


def by_kind(reports: list[Report], *of: NoticeKind) -> list[Report]:
    return [report for report in reports if report.kind in of]


def test_a_direct_message_is_opened_posted_and_edited_when_anybody_answers(door: Door, post: Post) -> None:
    in_force(replace(TWO_PAIRS_OF_EYES, approvals=2))
    cara, dora = linked("cara", "leads"), linked("dora", "leads")
    run = asked(door, requester=linked("ana"), destination=HERE)
    tend(door)
    deliver(post)
    asks = by_kind(post.slack.posts, NoticeKind.ASK)
    assert sorted((report.channel, str(report.recipient), report.thread) for report in asks) == [
        (DIRECT, "U0CARA", None),
        (DIRECT, "U0DORA", None),
    ]
    assert [change.new for change in asks[0].changes] == ["30"]
    assert Run.objects.get().channel == "D0ADA"  # the thread stays where it is
    says_yes(door, run, cara)
    deliver(post)
    edits = by_kind([report for report, _ in post.slack.edits], NoticeKind.ANSWERED)
    assert len(edits) == 2
    assert edits[0].asked is not None
    assert [answer.name for answer in edits[0].asked.answers] == ["cara"]
    says_yes(door, run, dora)
    deliver(post)
    edits = by_kind([report for report, _ in post.slack.edits], NoticeKind.ANSWERED)
    assert len(edits) == 4
    assert edits[-1].state == RunState.SENT
    assert post.said().count("root") == 1
    assert not Notice.objects.exclude(state=NoticeState.SENT).exists()


def test_a_direct_message_shows_nothing_to_somebody_who_may_not_see_the_schedule_any_more(
    door: Door, post: Post
) -> None:
    cara, dora = linked("cara", "leads", "finance"), linked("dora", "leads", "finance")
    in_force(replace(TWO_PAIRS_OF_EYES, see=("finance",)))
    run = asked(door, requester=linked("ana", "finance"), destination=HERE)
    tend(door)
    deliver(post)
    get_user_model().objects.get(pk=str(dora.user)).groups.remove(Group.objects.get(name="finance"))
    says_no(door, run, cara)
    deliver(post)
    hidden = {
        str(report.recipient): report.is_hidden for report, _ in post.slack.edits if report.kind is NoticeKind.ANSWERED
    }
    assert hidden == {"U0CARA": False, "U0DORA": True}


def test_an_approver_who_takes_no_messages_does_not_stop_the_others(door: Door, post: Post) -> None:
    cara = linked("cara", "leads")
    post.slack.direct = ChannelClosed(slack_says("user_disabled"))
    run = waiting(door, destination=HERE)
    tend(door)
    deliver(post)
    assert Notice.objects.get(kind="ask:0").state == NoticeState.PARKED
    edits = by_kind([report for report, _ in post.slack.edits], NoticeKind.PROGRESS)
    assert [report.asked and report.asked.untold for report in edits] == [
        Untold(number=1, all=1, because="user_disabled")
    ]
    says_yes(door, run, cara)
    deliver(post)
    assert post.said() == ["root", "id"]
    assert set(Notice.objects.filter(recipient=None).values_list("state", flat=True)) == {NoticeState.SENT}


def test_if_no_approver_has_a_linked_account_the_thread_says_that_nobody_was_told(door: Door, post: Post) -> None:
    waiting(door, destination=HERE)
    deliver(post)
    tend(door)
    deliver(post)
    edits = by_kind([report for report, _ in post.slack.edits], NoticeKind.PROGRESS)
    assert [report.asked and report.asked.untold for report in edits] == [Untold()]


def test_a_run_lapses_at_its_deadline_and_its_thread_is_told(door: Door) -> None:
    run = waiting(door)
    tend(door)
    assert Run.objects.get().state == RunState.WAITING
    Run.objects.update(deadline_at=clock.now())
    tend(door)
    run.refresh_from_db()
    assert (run.state, kinds(run), door.sender.sent) == (RunState.LAPSED, ["closed", "progress", "root"], [])


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (lambda door, _: door.catalog.schedules.clear(), Code.SCHEDULE_DELETED),
        (
            lambda _, run: get_user_model().objects.filter(pk=str(run.user_id)).update(is_active=False),
            Code.REQUESTER_GONE,
        ),
        (lambda _, run: Run.objects.filter(pk=run.pk).update(user=None), Code.REQUESTER_GONE),
    ],
    ids=["schedule deleted", "requester inactive", "requester deleted"],
)
def test_a_run_that_nobody_can_approve_any_more_is_withdrawn_and_its_thread_told(
    door: Door, ends: Any, code: Code
) -> None:
    run = waiting(door)
    ends(door, run)
    tend(door)
    run.refresh_from_db()
    assert (run.state, run.not_sent_reason and run.not_sent_reason.code) == (RunState.WITHDRAWN, code)
    assert kinds(run) == ["closed", "progress", "root"]
