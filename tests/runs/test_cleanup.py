"""The clean-up deletes old runs that are over, old audit records, and what belongs to deleted users."""

from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection

from bot.core.model import NoticeKind
from bot.core.status import RunState
from bot.models import ApiToken, AuditRecord, Installation, Notice, Run, SlackLink, Throttle
from bot.runs import cleanup, outbox
from bot.runs.report import stopped
from tests.audit import filled, records
from tests.factories import INSTALLATION, NOW, TEAM, a_run

pytestmark = pytest.mark.django_db
KEEP = timedelta(days=30)
OVER = {
    RunState.FINISHED,
    RunState.UNSEEN,
    RunState.OVERDUE,
    RunState.NOT_SENT,
    RunState.WITHDRAWN,
    RunState.DECLINED,
    RunState.LAPSED,
}


@pytest.fixture(autouse=True)
def here() -> Installation:
    """An installation whose last clean-up was an hour ago."""
    return Installation.objects.create(key=INSTALLATION, seen_at=NOW, cleaned_at=NOW - timedelta(hours=1))


def aged(state: RunState, age: timedelta) -> Run:
    run = a_run(state=state)
    Run.objects.filter(pk=run.pk).update(created_at=NOW - age, deadline_at=NOW - age)
    return run


def test_only_old_runs_that_are_over_are_deleted_with_their_notices() -> None:
    over = [aged(state, KEEP * 2) for state in OVER]
    outbox.owe(over[0], NoticeKind.ROOT, now=NOW)
    kept = [aged(state, KEEP * 2) for state in set(RunState) - OVER]
    kept += [aged(state, KEEP / 2) for state in RunState]
    assert cleanup.forget_old_runs(INSTALLATION, keep=KEEP, now=NOW) == len(over)
    assert set(Run.objects.all()) == set(kept)
    assert not Notice.objects.exists()


def test_a_large_backlog_goes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 2)
    for _ in range(3):
        aged(RunState.FINISHED, KEEP * 2)
    assert [cleanup.forget_old_runs(INSTALLATION, keep=KEEP, now=NOW) for _ in range(3)] == [2, 1, 0]


def test_references_to_users_who_were_deleted_elsewhere_are_removed() -> None:
    """A sidecar's platform deletes users like this: its Django knows nothing of our tables."""
    stays, gone = (User.objects.create_user(name) for name in ("stays", "gone"))
    for user in (stays, gone):
        SlackLink.objects.create(team=TEAM, slack_user=user.username, user=user)
        ApiToken.objects.create(name="cron", digest=user.username, user=user, expires_at=NOW)
        a_run(user=user, stopped_by=user, stop_asked_at=NOW, stop_way="revoke")
    a_run(user=None)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id = %s", [gone.pk])
    assert [found.name for run in Run.objects.order_by("pk") if (found := stopped(run))] == ["stays", ""]
    cleanup.forget_gone_users()
    assert [link.user for link in SlackLink.objects.all()] == [stays]
    assert [token.user for token in ApiToken.objects.all()] == [stays]
    assert [run.user for run in Run.objects.order_by("pk")] == [stays, None, None]
    assert [run.stopped_by for run in Run.objects.order_by("pk")] == [stays, None, None]


def test_each_installation_forgets_its_own_runs_and_those_that_name_none(here: Installation) -> None:
    theirs = aged(RunState.FINISHED, KEEP * 2)
    Run.objects.filter(pk=theirs.pk).update(installation="T0001/A0002")
    for installation in ("", INSTALLATION):
        Run.objects.filter(pk=aged(RunState.FINISHED, KEEP * 2).pk).update(installation=installation)
    assert cleanup.forget_old_runs(INSTALLATION, keep=KEEP, now=NOW) == 2
    assert list(Run.objects.all()) == [theirs]


def test_a_clock_that_jumped_deletes_nothing(here: Installation) -> None:
    """By that clock, the last clean-up was long ago, and most runs would be deleted."""
    for _ in range(3):
        aged(RunState.FINISHED, timedelta(days=1))
    jumped = NOW + KEEP * 3
    with pytest.raises(cleanup.Unusual, match="runs"):
        cleanup.forget_old_runs(INSTALLATION, keep=KEEP, now=jumped)
    assert Run.objects.count() == 3
    assert cleanup.forget_old_runs(INSTALLATION, keep=KEEP, now=jumped, knowingly=True) == 3


def test_a_shorter_time_to_keep_runs_needs_no_confirmation(here: Installation) -> None:
    for _ in range(3):
        aged(RunState.FINISHED, timedelta(days=10))
    assert cleanup.forget_old_runs(INSTALLATION, keep=timedelta(days=7), now=NOW) == 3


def test_no_link_is_deleted_while_the_users_are_being_restored() -> None:
    user = User.objects.create_user("ada")
    SlackLink.objects.create(team=TEAM, slack_user="U1", user=user)
    run = a_run(user=user)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user")
    with pytest.raises(cleanup.Unusual, match="links"):
        cleanup.forget_gone_users()
    run.refresh_from_db()
    assert run.user_id == user.pk
    cleanup.forget_gone_users(knowingly=True)
    assert not SlackLink.objects.exists()


def test_nobody_is_forgotten_while_there_are_no_users_even_if_nobody_is_linked() -> None:
    user = User.objects.create_user("ada")
    run = a_run(user=user)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user")
    with pytest.raises(cleanup.Unusual, match="references to users"):
        cleanup.forget_gone_users()
    run.refresh_from_db()
    assert run.user_id == user.pk
    Run.objects.all().delete()
    cleanup.forget_gone_users()  # a new site has no users, and nothing to lose


def test_no_link_is_deleted_while_most_users_are_missing() -> None:
    users = [User.objects.create_user(f"user{number}") for number in range(5)]
    for user in users:
        SlackLink.objects.create(team=TEAM, slack_user=user.username, user=user)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id > %s", [users[0].pk])
    with pytest.raises(cleanup.Unusual):
        cleanup.forget_gone_users()
    assert SlackLink.objects.count() == 5


def test_counts_of_old_minutes_are_deleted() -> None:
    for name, hours in (("old", 2), ("of now", 0)):
        Throttle.objects.create(name=name, since=NOW - timedelta(hours=hours), count=1)
    cleanup.forget_old_counts(now=NOW)
    assert [one.name for one in Throttle.objects.all()] == ["of now"]


class TestTheAuditLog:
    """The audit log is kept for a time of its own, longer than runs."""

    @pytest.fixture(autouse=True)
    def log(self) -> None:
        ages = [KEEP * 3, KEEP * 2, KEEP / 2, KEEP / 3, timedelta(0)]
        filled([AuditRecord(at=NOW - age, action="run.asked", entry="slack", run_id=1) for age in ages])

    def test_only_old_records_are_deleted_in_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cleanup, "BATCH", 1)
        forget = partial(cleanup.forget_old_records, INSTALLATION, keep=KEEP, now=NOW)
        assert [forget() for _ in range(3)] == [1, 1, 0]
        assert all(row.at >= NOW - KEEP for row in records())
        assert len(records()) == 3

    def test_the_deletion_of_old_runs_deletes_no_records(self) -> None:
        run = aged(RunState.FINISHED, KEEP * 2)
        cleanup.forget_old_runs(INSTALLATION, keep=KEEP, now=NOW)
        assert not Run.objects.filter(pk=run.pk).exists()
        assert len(records()) == 5

    def test_a_clock_that_jumped_deletes_nothing(self, here: Installation) -> None:
        later = NOW + KEEP * 2
        with pytest.raises(cleanup.Unusual, match="audit log"):
            cleanup.forget_old_records(INSTALLATION, keep=KEEP, now=later)
        assert len(records()) == 5
        assert cleanup.forget_old_records(INSTALLATION, keep=KEEP, now=later, knowingly=True) == 5

    def test_the_deletion_of_a_link_is_recorded(self) -> None:
        gone = User.objects.create_user("gone")
        for name in ("stays", "also"):
            SlackLink.objects.create(team=TEAM, slack_user=name, user=User.objects.create_user(name))
        SlackLink.objects.create(team=TEAM, slack_user="U1", user=gone)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM auth_user WHERE id = %s", [gone.pk])
        cleanup.forget_gone_users()
        [row] = records(action="link.removed")
        assert (row.entry, row.person, str(row.about), row.details) == (
            "system",
            None,
            f"{TEAM}/U1",
            {"code": "user_deleted"},
        )
