"""A Celery app that shares no pool of connections with other apps. The environment names its broker."""

from celery import Celery

app = Celery("far", set_as_current=False)
app.conf.update(result_backend="django-db", result_extended=True, broker_transport_options={"max_retries": 0})
