"""The stand-alone project's Celery app (`celery -A bot worker`, `celery -A bot beat`)."""

from celery import Celery

from bot import env

if is_current := not env.is_in_a_project():
    env.default_settings()

# Celery's fixup for Django makes the first app the default one. A project without an app of its own must not get this one.
app = Celery("runtask", set_as_current=is_current, fixups=None if is_current else [])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
