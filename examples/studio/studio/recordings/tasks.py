import time
from datetime import timedelta

from celery import shared_task
from django.db.models import Count, Sum
from django.utils import timezone

from .models import Recording


class BucketFull(Exception):
    pass


@shared_task()
def sum_up_studio_time(days: int = 7) -> dict:
    """Counts the recordings of the last days, and their minutes."""
    since = timezone.localdate() - timedelta(days=days)
    found = Recording.objects.filter(recorded_on__gt=since).aggregate(count=Count("id"), minutes=Sum("minutes"))
    return {"days": days, "recordings": found["count"], "minutes": found["minutes"] or 0}


@shared_task(bind=True)
def render_previews(self, tracks: int = 8, *, seconds: int = 30, bitrate: str = "128k") -> str:
    """Takes a while and reports its progress."""
    for done in range(tracks):
        self.update_state(state="PROGRESS", meta={"current": done, "total": tracks})
        time.sleep(0.3)
    return f"{tracks} previews of {seconds} s in {bitrate}"


@shared_task()
def archive_masters(bucket: str) -> int:
    """Fails until somebody buys more room."""
    raise BucketFull(f"{bucket} has no room for {Recording.objects.count()} masters")
