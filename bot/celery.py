"""The stand-alone project's Celery app (`celery -A bot worker`, `celery -A bot beat`)."""

from celery import Celery

from bot import env

env.default_settings()

app = Celery("runtask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
