"""The Celery app of the unusual projects."""

from celery import Celery

app = Celery("odd")
app.config_from_object("django.conf:settings", namespace="CELERY")
