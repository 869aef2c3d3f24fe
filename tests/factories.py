"""Test data, made by plain functions with overrides. Only the keys and task ids of stored runs are random."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import connections
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from bot.core import arguments
from bot.core.entry import Entry
from bot.core.model import (
    Actor,
    Brief,
    ChannelId,
    Destination,
    Dispatch,
    Field,
    InstallationId,
    MessageTs,
    NoticeKind,
    Outcome,
    Place,
    Preview,
    Profile,
    RunId,
    RunRequest,
    Schedule,
    ScheduleId,
    SlackAccount,
    SlackUserId,
    Source,
    Target,
    TaskId,
    TeamId,
)
from bot.core.reasons import Code, Reason
from bot.core.report import Report
from bot.core.rights import EVERYTHING, Rights
from bot.core.seal import seal
from bot.core.secrets import Secrets
from bot.models import Run

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
TEAM = TeamId("T0001")
INSTALLATION = InstallationId(f"{TEAM}/A0001")
ADA = SlackUserId("U0ADA")
CHANNEL = ChannelId("C0001")
PLACE = Place(channel=CHANNEL)
WHEN = "every day at 02:00, Europe/Berlin"
TASK_ID = TaskId("5bb8ac10-6b2a-4d3e-9d5c-1c4c7c1f0a01")

FORM_KEYS = ("form key",)


def sealed(fingerprint: str) -> str:
    return seal(FORM_KEYS[0], "fingerprint", fingerprint)


def a_profile(**changes: Any) -> Profile:
    return replace(Profile(home=TEAM, email="ada@example.com"), **changes)


def an_actor(**changes: Any) -> Actor:
    """Staff, acting from Slack."""
    staff = Actor(
        user="1",
        name="ada",
        is_active=True,
        is_staff=True,
        rights=Rights(permitted=EVERYTHING),
        entry=Entry.SLACK,
        slack=SlackAccount(team=TEAM, user=ADA),
        profile=a_profile(),
        team=TEAM,
    )
    return replace(staff, **changes)


def a_schedule(**changes: Any) -> Schedule:
    schedule = Schedule(
        id=ScheduleId(7),
        name="nightly report",
        task="reports.tasks.nightly",
        args="[]",
        kwargs='{"days": 7, "region": "EU"}',
        enabled=True,
        clock=None,
        fingerprint="f1",
    )
    return replace(schedule, **changes)


def a_preview(schedule: Schedule | None = None, **changes: Any) -> Preview:
    """A preview of a schedule whose message goes to the queue that it names."""
    schedule = schedule or a_schedule()
    target = Target(options={"queue": schedule.columns.get("queue", "celery")})
    texts = {Field.ARGS: schedule.args, Field.KWARGS: schedule.kwargs}
    stored = {of: arguments.shown(text, of, Secrets()) for of, text in texts.items()}
    return replace(
        Preview(
            schedule=schedule,
            when=WHEN,
            target=target,
            source=Source.ROWS,
            stored=stored,
            fingerprint=sealed(schedule.fingerprint),
        ),
        **changes,
    )


def slack_says(error: str, details: str = "") -> Reason:
    """The reason for a failure if Slack refuses something with this error code."""
    return Reason(code=Code.SLACK_REFUSED, params={"error": error, "details": details})


def unreachable(error: str = "ConnectionRefusedError") -> Reason:
    """The reason for a failure if the broker can't be reached."""
    return Reason(code=Code.BROKER_UNREACHABLE, params={"error": error})


def a_brief(**changes: Any) -> Brief:
    return replace(
        Brief(id=ScheduleId(7), name="nightly report", task="reports.tasks.nightly", enabled=True), **changes
    )


def a_request(**changes: Any) -> RunRequest:
    """A request to run `a_schedule` with another value of `days`."""
    request = RunRequest(
        key="slack:V1",
        schedule=ScheduleId(7),
        args="[]",
        kwargs='{"days": 30, "region": "EU"}',
        fingerprint=sealed("f1"),
        destination=Destination(installation=INSTALLATION, place=PLACE, requester=SlackAccount(team=TEAM, user=ADA)),
    )
    return replace(request, **changes)


def staff_actor() -> Actor:
    """An actor who is linked to a staff user in the database."""
    user = get_user_model().objects.create_user("ada", "ada@example.com", is_staff=True)
    return an_actor(user=str(user.pk))


def a_dispatch(**changes: Any) -> Dispatch:
    what = Dispatch(task_id=TASK_ID, task="reports.tasks.nightly", args=[], kwargs={}, options={"headers": {}})
    return replace(what, **changes)


def an_outcome(status: str = "SUCCESS", **changes: Any) -> Outcome:
    made = replace(Outcome(task_id=TASK_ID, status=status, token="", at=NOW), **changes)
    return replace(made, token=made.token or f"{made.at.isoformat()} {made.status}")


def a_report(kind: NoticeKind = NoticeKind.ROOT, **changes: Any) -> Report:
    report = Report(
        later_end=an_outcome("FAILURE") if kind is NoticeKind.AGAIN else None,
        kind=kind,
        run=RunId(1),
        task_id=TASK_ID,
        schedule="nightly report",
        task="reports.tasks.nightly",
        requester=ADA,
        name="",
        channel=CHANNEL,
        thread=None if kind is NoticeKind.ROOT else MessageTs("1700000000.000100"),
        state="sent",
        status="",
        created_at=NOW,
        sent_at=NOW,
        result_link="https://site.example/results?q=1",
        run_link="https://site.example/runs/1",
    )
    return replace(report, **changes)


def a_row(name: str = "nightly report", **changes: Any) -> PeriodicTask:
    """A stored schedule, every ten seconds unless another kind of schedule is given."""
    fields: dict[str, Any] = {"task": "reports.tasks.nightly", **changes}
    if not {"crontab", "interval", "clocked", "solar"} & set(fields):
        fields["interval"], _ = IntervalSchedule.objects.get_or_create(every=10, period=IntervalSchedule.SECONDS)
    return PeriodicTask.objects.create(name=name, **fields)


def in_zone(zone: str) -> CrontabSchedule:
    """A crontab, every day at 02:00, with a zone that beat's admin would refuse."""
    crontab = CrontabSchedule.objects.create(minute="0", hour="2")
    with connections[CrontabSchedule.objects.db].cursor() as cursor:
        cursor.execute(f"UPDATE {CrontabSchedule._meta.db_table} SET timezone = %s WHERE id = %s", [zone, crontab.pk])
    return crontab


def a_run(**changes: Any) -> Run:
    """A stored run that was sent a moment ago."""
    fields: dict[str, Any] = {
        "key": f"key-{uuid4()}",
        "task_id": str(uuid4()),
        "state": "sent",
        "schedule_id": 7,
        "schedule_name": "nightly report",
        "task": "reports.tasks.nightly",
        "installation": INSTALLATION,
        "team": TEAM,
        "slack_user": ADA,
        "channel": CHANNEL,
        "sent_at": NOW,
        "deadline_at": NOW + timedelta(minutes=30),
    }
    return Run.objects.create(**fields | changes)


def a_result(task_id: str, status: str = "SUCCESS", **changes: Any) -> TaskResult:
    """A row as django-celery-results stores it."""
    return TaskResult.objects.create(task_id=task_id, status=status, **changes)
