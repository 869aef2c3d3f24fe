from django.core.management.base import BaseCommand
from django_celery_beat.models import CrontabSchedule, PeriodicTask

SCHEDULES = [
    ("Weekly studio time", "sum_up_studio_time", {"minute": "0", "hour": "8", "day_of_week": "1"}, '{"days": 7}'),
    ("Render previews", "render_previews", {"minute": "15", "hour": "3"}, '{"tracks": 8}'),
    ("Archive masters", "archive_masters", {"minute": "0", "hour": "4"}, '{"bucket": "masters-2026"}'),
]


class Command(BaseCommand):
    help = "Create the schedules of the studio."

    def handle(self, *args, **options):
        for name, task, cron, kwargs in SCHEDULES:
            crontab, _ = CrontabSchedule.objects.get_or_create(**cron, timezone="Europe/Lisbon")
            values = {"task": f"studio.recordings.tasks.{task}", "crontab": crontab, "kwargs": kwargs}
            PeriodicTask.objects.update_or_create(name=name, defaults=values)
        self.stdout.write(f"{PeriodicTask.objects.count()} schedules")
