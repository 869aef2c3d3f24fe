"""Fills the demo's database with the shop's people and schedules.

Rows are identified by name. Those that exist stay as they are, the others are added.
"""

from typing import Any

from django.contrib.auth.models import Group, User
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)

from bot.core.audit import By
from bot.core.rules import Rule
from bot.runs import rulebook
from runtask_demo.schedules import ORDINARY, TROUBLED, Entry, Timing, every

ENTRIES = (*ORDINARY, *TROUBLED)
ADMIN = "admin"  # the user name and the password; the demo is on loopback only
STAFF = ("ana", "cara")
OTHERS = ("ben",)
GROUPS = {"partners": ("cara",), "accounting": ("cara",)}
RULES = (
    Rule(name="Partners' keys", tasks=("demo.partners.*",), see=("partners",)),
    Rule(name="Invoices are for accounting", tasks=("demo.billing.*",), run=("accounting",), reason=True),
    Rule(
        name="Refunds need a second person",
        tasks=("demo.refunds.*",),
        approvals=1,
        approvers=("accounting",),
        approval_hours=4,
        reason=True,
    ),
)
TABLES: dict[str, Any] = {
    "interval": IntervalSchedule,
    "crontab": CrontabSchedule,
    "solar": SolarSchedule,
    "clocked": ClockedSchedule,
}


def seed() -> None:
    """Add missing people and schedules. Groups and rules are added only the first time: later, people may remove them."""
    is_first = not User.objects.exists()
    _people()
    if is_first:
        _rules()
    for entry in ENTRIES:
        if not PeriodicTask.objects.filter(name=entry.name).exists():
            PeriodicTask.objects.create(**_fields(entry))


def many(count: int) -> None:
    """Add ordinary schedules until there are `count`, including ENTRIES."""
    hourly = _row(every(1, "hours"))
    rows = [
        PeriodicTask(
            name=f"Stock of shop {number:05}",
            task="demo.stock.sync",
            interval=hourly,
            kwargs=f'{{"shop": "shop-{number:05}"}}',
            description="One of many.",
        )
        for number in range(count - len(ENTRIES))
    ]
    PeriodicTask.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    PeriodicTasks.update_changed()  # for beat: bulk_create sends no signals


def _people() -> None:
    if not User.objects.filter(username=ADMIN).exists():
        User.objects.create_superuser(ADMIN, f"{ADMIN}@example.com", ADMIN)
    for name in (*STAFF, *OTHERS):
        if not User.objects.filter(username=name).exists():
            User.objects.create_user(name, f"{name}@example.com", is_staff=name in STAFF)  # no password: Slack only


def _rules() -> None:
    for name, members in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.user_set.set(User.objects.filter(username__in=members))
    rulebook.replace(RULES, by=By(words="the demo"))


def _fields(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "task": entry.task,
        "args": entry.args,
        "kwargs": entry.kwargs,
        "description": entry.description,
        entry.timing.kind: _row(entry.timing),
        **entry.options,
    }


def _row(timing: Timing) -> Any:
    rows = TABLES[timing.kind].objects
    return rows.filter(**timing.row).first() or rows.create(**timing.row)
