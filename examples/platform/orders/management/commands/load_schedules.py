from django.core.management.base import BaseCommand
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

NIGHTLY = {"minute": "30", "hour": "2"}
MONTHLY = {"minute": "0", "hour": "6", "day_of_month": "1"}

SCHEDULES = [
    (
        "Reconcile payments",
        "orders.tasks.reconcile_payments",
        NIGHTLY,
        {"kwargs": '{"day": "2026-01-31", "dry_run": true}'},
    ),
    ("Rebuild search index", "orders.tasks.rebuild_search_index", NIGHTLY, {"args": "[250]", "expire_seconds": 3600}),
    ("Export orders", "orders.tasks.export_orders", MONTHLY, {"kwargs": '{"rows": 4000}'}),
    ("Send invoices", "orders.tasks.send_invoices", MONTHLY, {"kwargs": '{"month": "2026-01"}', "priority": 3}),
]


class Command(BaseCommand):
    help = "Create the schedules of the shop."

    def handle(self, *args, **options):
        for name, task, cron, fields in SCHEDULES:
            crontab, _ = CrontabSchedule.objects.get_or_create(**cron, timezone="Europe/Madrid")
            PeriodicTask.objects.update_or_create(name=name, defaults={"task": task, "crontab": crontab, **fields})
        every_hour, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.HOURS)
        PeriodicTask.objects.update_or_create(
            name="Prune carts", defaults={"task": "orders.tasks.prune_carts", "interval": every_hour}
        )
        self.stdout.write(f"{PeriodicTask.objects.count()} schedules")
