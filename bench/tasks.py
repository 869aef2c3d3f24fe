"""The task that schedules of the benchmark name. Nothing runs it: no worker takes what is sent."""

from celery import shared_task


@shared_task(name="bench.report")
def report(days: int = 7, region: str = "EU") -> str:
    return f"{days} {region}"
