"""The Celery app of the odd projects."""

from celery import Celery

app = Celery("odd")
app.config_from_object("django.conf:settings", namespace="CELERY")
