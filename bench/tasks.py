"""The task of the schedules in the benchmark. It never runs, because there is no worker."""

from celery import shared_task


@shared_task(name="bench.report")
def report(days: int = 7, region: str = "EU") -> str:
    return f"{days} {region}"
