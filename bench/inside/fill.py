"""Makes rows by SQL, a million in seconds, on SQLite and on PostgreSQL."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from bench.payloads import PEOPLE, person
from bench.setups import CHANNEL, INSTALLATION, SECRET, TEAM
from bot.core.model import NoticeKind
from bot.models import Notice, NoticeState, Run, SlackLink

# As if one schedule had run every minute.
AGO = {
    "sqlite": "datetime('2026-01-01', '-' || (i % 500000) || ' minutes')",
    "postgresql": "timestamptz '2026-01-01' - (i % 500000) * interval '1 minute'",
}[connection.vendor]
TASK_ID = {
    "sqlite": "'00000000-0000-4000-8000-' || printf('%012x', i)",
    "postgresql": "'00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0')",
}[connection.vendor]
NAME = "'Team ' || ({i} % 37) || CASE WHEN {i} % 7 = 0 THEN ' nightly' ELSE ' hourly' END || ' report ' || {i}"
RESULT = {"content_type": "application/json", "content_encoding": "utf-8", "result": '"30 rows"'}


def copies(prototype: Any, first: int, last: int, **columns: str) -> None:
    """A row like `prototype` for each i from `first` to `last`. `columns` is SQL with i for the columns that differ."""
    fields = [field for field in prototype._meta.concrete_fields if not field.primary_key]  # noqa: SLF001  # documented
    names = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(columns.get(field.attname, f'p."{field.column}"') for field in fields)
    table = prototype._meta.db_table  # noqa: SLF001  # documented
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "  # noqa: S608
            f"INSERT INTO {table} ({names}) SELECT {values} FROM n, {table} p WHERE p.id = {prototype.pk}"
        )


def schedules(first: int, last: int) -> None:
    """Schedules with these numbers in their names."""
    if first > last:
        return
    hourly, _ = IntervalSchedule.objects.get_or_create(every=1, period="hours")
    words = {"task": "bench.report", "kwargs": '{"days": 7, "region": "EU"}', "description": "Adds up what was sold."}
    prototype = PeriodicTask.objects.create(name="prototype", interval=hourly, **words)
    copies(prototype, first, last, name=NAME.format(i="i"))
    PeriodicTask.objects.filter(pk=prototype.pk).delete()


def results(count: int, schedule_count: int) -> None:
    """Results of finished tasks, spread over the schedules."""
    words = {"task_name": "bench.report", "status": "SUCCESS", "worker": "worker@host", "meta": '{"children": []}'}
    prototype = TaskResult.objects.create(task_id="prototype", task_args='"()"', task_kwargs='"{}"', **words, **RESULT)
    status = "CASE WHEN i % 20 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END"
    named = NAME.format(i=f"(i % {schedule_count} + 1)")
    dates = {"date_created": AGO, "date_done": AGO}
    copies(prototype, 1, count, task_id=TASK_ID, periodic_task_name=named, status=status, **dates)
    TaskResult.objects.filter(pk=prototype.pk).delete()


def runs(count: int, schedule_count: int) -> None:
    """Finished runs, each with its final message."""
    prototype = a_run("prototype", state="finished", status="SUCCESS")
    dates = dict.fromkeys(("created_at", "sent_at", "seen_at", "finished_at"), AGO)
    schedule = f"i % {schedule_count} + 1"
    copies(prototype, 1, count, key="'slack:' || i", task_id=TASK_ID, schedule_id=schedule, **dates)
    told = {
        "installation": INSTALLATION,
        "state": NoticeState.SENT,
        "channel": CHANNEL,
        "ts": "1.1",
        "due_at": prototype.created_at,
    }
    notice = Notice.objects.create(run=prototype, kind=NoticeKind.FINAL, rank=3, sent_at=prototype.created_at, **told)
    first = prototype.pk + 1
    copies(notice, first, first + count - 1, run_id="i", due_at=AGO, sent_at=AGO)
    prototype.delete()


def a_run(key: str, **fields: Any) -> Run:
    """An open run of the first schedule, sent from the benchmark's channel."""
    now = timezone.now()
    what = {"schedule_id": 2, "schedule_name": "report", "task": "bench.report", "sent_at": now}
    where = {"installation": INSTALLATION, "team": TEAM, "slack_user": person(0), "channel": CHANNEL, "thread": "1.1"}
    deadline = now + timedelta(days=1000)
    made = {"key": key, "task_id": f"task-{key}", "state": "sent", "deadline_at": deadline, **what, **where, **fields}
    return Run.objects.create(**made)


def people() -> None:
    """Slack accounts, all linked to the same staff user."""
    user = User.objects.create_superuser("ana", "ana@example.com", SECRET)
    facts = {"team": TEAM, "user": user, "home": TEAM, "checked_at": timezone.now()}
    SlackLink.objects.bulk_create(SlackLink(slack_user=person(number), **facts) for number in range(PEOPLE))


def fill(schedule_count: int, result_count: int, run_count: int) -> None:
    """Fill an empty database.

    PostgreSQL is analysed at the end, as it would do by itself after a while. SQLite isn't: Django never does it.
    """
    people()
    schedules(1, schedule_count)
    results(result_count, schedule_count)
    if run_count:
        runs(run_count, schedule_count)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


QUESTIONS = {"fill": fill}
